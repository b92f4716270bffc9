/** Programs that were told to start and have not shown a window yet: the dock says so. */
import type { AppView } from "#shared/ipc/contract.ts";
import type { VmId } from "#shared/model/vm.ts";
import { showNotice } from "../ui/notices.ts";
import type { DesktopWindow } from "../wm/model/state.ts";
import { wmStore } from "../wm/model/store.ts";
import { bridge } from "../host/bridge.ts";
import { desktopStore, type Launch } from "./desktop-store.ts";

/** Some programs have no window at all; then nothing is waited for any longer. */
const LONGEST_WAIT_MS = 20_000;
let lastId = 0;

export async function launch(vm: VmId, app: AppView): Promise<void> {
  lastId += 1;
  const pending: Launch = { id: lastId, vm, appId: app.id, name: app.name };
  desktopStore.setState(({ launches }) => ({ launches: [...launches, pending] }));
  window.setTimeout(() => forget(pending.id), LONGEST_WAIT_MS);
  const answer = await bridge.request("app.run", { vm, appId: app.id });
  if (answer.ok) return;
  forget(pending.id);
  showNotice(answer.error.message);
}

/** The first window that a VM shows is taken for the program of it that was waited for longest. */
export function followLaunches(): void {
  wmStore.subscribe(({ windows }, before) => {
    for (const { id, vm, isMapped } of Object.values<DesktopWindow>(windows)) {
      if (!isMapped || before.windows[id]?.isMapped === true) continue;
      const first = desktopStore.getState().launches.find((pending) => pending.vm === vm);
      if (first !== undefined) forget(first.id);
    }
  });
}

function forget(id: number): void {
  desktopStore.setState(({ launches }) => ({ launches: launches.filter((pending) => pending.id !== id) }));
}
