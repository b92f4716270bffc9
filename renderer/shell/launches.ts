/** Programs that have been launched and have not shown a window yet: the dock shows them as opening. */
import { createStore } from "zustand/vanilla";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import type { DesktopWindow, WmState } from "../wm/model/state.ts";
import type { WmStore } from "../wm/model/store.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface Launch {
  id: number;
  vm: VmId;
  appId: string;
  name: string;
  /** What its windows carry as their `launch`; null: main has not answered yet. */
  launch: number | null;
}

export interface LaunchState {
  launches: readonly Launch[];
  /** Programs that the person has launched since the start of the desktop, the last one first. */
  recent: readonly Pick<Launch, "vm" | "appId">[];
}

export interface LaunchStore extends ReadonlyStore<LaunchState> {
  launch: (vm: VmId, app: Pick<OfferedApp, "id" | "name">) => Promise<void>;
}

const MAX_RECENT = 50;
/** Some programs never show a window; after this they are no longer shown as opening. */
const LONGEST_WAIT_MS = 20_000;

export function createLaunchStore(
  bridge: Pick<AtollBridge, "request">,
  wm: WmStore,
  notices: NoticeQueue,
): LaunchStore {
  const { getState, getInitialState, setState, subscribe } = createStore<LaunchState>(() => ({
    launches: [],
    recent: [],
  }));
  let lastId = 0;

  const forget = (id: number): void =>
    setState(({ launches }) => ({ launches: launches.filter((pending) => pending.id !== id) }));
  const change = (id: number, launch: number): void =>
    setState(({ launches }) => ({
      launches: launches.map((pending) => (pending.id === id ? { ...pending, launch } : pending)),
    }));

  wm.subscribe(({ windows }, before) => {
    if (windows === before.windows || getState().launches.length === 0) return;
    for (const window of Object.values<DesktopWindow>(windows)) {
      if (!window.isMapped || before.windows[window.id]?.isMapped === true) continue;
      const opened = getState().launches.find((pending) => mayBeOf(window, pending));
      if (opened !== undefined) forget(opened.id);
    }
  });

  return {
    getState,
    getInitialState,
    subscribe,
    launch: async (vm, app) => {
      const id = (lastId += 1);
      const pending: Launch = { id, vm, appId: app.id, name: app.name, launch: null };
      setState(({ launches, recent }) => ({
        launches: [...launches, pending],
        recent: [{ vm, appId: app.id }, ...recent.filter((one) => one.vm !== vm || one.appId !== app.id)].slice(
          0,
          MAX_RECENT,
        ),
      }));
      setTimeout(() => forget(id), LONGEST_WAIT_MS);
      const answer = await bridge.request("app.run", { vm, program: { appId: app.id } });
      if (!answer.ok) {
        forget(id);
        return notices.show(answer.error.message);
      }
      const { launch } = answer.value;
      // Its window may have been faster than the answer.
      if (hasWindow(wm.getState(), vm, launch)) forget(id);
      else change(id, launch);
    },
  };
}

/**
 * A window says which launch it belongs to. It says none where a program hands over to another that runs already: then it is
 * taken for the program of its VM that has been waited for longest.
 */
function mayBeOf({ vm, guest }: DesktopWindow, pending: Launch): boolean {
  return pending.vm === vm && (guest.launch === null || guest.launch === pending.launch);
}

function hasWindow({ windows }: WmState, vm: VmId, launch: number): boolean {
  return Object.values<DesktopWindow>(windows).some(
    (window) => window.isMapped && window.vm === vm && window.guest.launch === launch,
  );
}
