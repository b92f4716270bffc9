/** Programs that were told to start and have not shown a window yet: the dock says so. */
import type { AppView } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import { showNotice } from "../ui/notices.ts";
import type { DesktopWindow } from "../wm/state.ts";
import { wmStore } from "../wm/store.ts";
import { bridge } from "./bridge.ts";
import { desktopStore, type Launch } from "./store.ts";

/** Some programs have no window at all; then nothing is waited for any longer. */
const LONGEST_WAIT_MS = 20_000;
let lastId = 0;

export async function launch(vm: VmId, app: AppView): Promise<void> {
  lastId += 1;
  const pending: Launch = { id: lastId, vm, launch: null, appId: app.id, name: app.name };
  desktopStore.setState(({ launches }) => ({ launches: [...launches, pending] }));
  window.setTimeout(() => forget(pending.id), LONGEST_WAIT_MS);
  const answer = await bridge.request("app.run", { vm, program: { appId: app.id } });
  if (!answer.ok) {
    forget(pending.id);
    showNotice(answer.error.message);
    return;
  }
  const { launch } = answer.value;
  const windows = Object.values<DesktopWindow>(wmStore.getState().windows);
  // Its window may have been faster than the answer.
  if (windows.some((window) => window.isMapped && window.vm === vm && window.guest.launch === launch)) {
    forget(pending.id);
    return;
  }
  desktopStore.setState(({ launches }) => ({
    launches: launches.map((waiting) => (waiting.id === pending.id ? { ...waiting, launch } : waiting)),
  }));
}

/**
 * A window says which launch it belongs to. Some programs hand their files to one that runs already, whose window says
 * nothing: it is taken for the program of its VM that was waited for longest.
 */
export function followLaunches(): void {
  wmStore.subscribe(({ windows }, before) => {
    for (const { id, vm, isMapped, guest } of Object.values<DesktopWindow>(windows)) {
      if (!isMapped || before.windows[id]?.isMapped === true) continue;
      const shown = desktopStore
        .getState()
        .launches.find((pending) => pending.vm === vm && (guest.launch === null || guest.launch === pending.launch));
      if (shown !== undefined) forget(shown.id);
    }
  });
}

function forget(id: number): void {
  desktopStore.setState(({ launches }) => ({ launches: launches.filter((pending) => pending.id !== id) }));
}
