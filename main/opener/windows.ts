/** Which window shows what was opened, and when it is closed. */
import { toErrorValue } from "#shared/model/app-error.ts";
import { type GuestWindow, parseWindowId, type WindowId, windowIdOf } from "#shared/model/window.ts";
import { waitFor } from "../base/waiting.ts";
import { LAST_WINDOW_MS } from "../disposables/disposables.ts";
import { FIRST_WINDOW_MS, waitForWindow } from "../vms/launcher.ts";
import type { Vm } from "../vms/vm.ts";

/** How long one that runs already may take until it opens a new window and no tab. */
const RUNNING_MS = 5_000;

/**
 * null: none came.
 *
 * @param start opens it; `request` is what its windows name as their launch
 * @param runsAlready windows of a program that shows what it is given in them
 */
export async function windowOf(
  vm: Vm,
  start: () => Promise<{ pid: number; request: number }>,
  runsAlready: readonly GuestWindow[],
): Promise<WindowId | null> {
  const [shown] = runsAlready;
  const { found } = waitForWindow(vm, shown === undefined ? FIRST_WINDOW_MS : RUNNING_MS, { fromRunning: true });
  const { request } = await start();
  try {
    return await found(request);
  } catch (error) {
    if (toErrorValue(error).code !== "app.no-window") throw error;
    return shown === undefined ? null : windowIdOf(vm.id, shown.surface);
  }
}

/**
 * Resolves when the window is closed, or its VM gone; of a disposable when it has had no window for a moment: what a program shows
 * while it starts goes before its window comes.
 */
export function untilClosed(vm: Vm, windowId: WindowId | null, signal: AbortSignal | undefined): Promise<void> {
  const surface = windowId === null ? null : (parseWindowId(windowId)?.surface ?? null);
  const isDisposable = vm.status.role === "disposable";
  const isClosed = (): boolean =>
    isDisposable ? vm.windows.size === 0 : surface === null || vm.windows.get(surface) === undefined;
  return waitFor({
    listen: ({ resolve }) => {
      let timer: NodeJS.Timeout | undefined;
      const look = (): void => {
        if (vm.windows.isFrozen || !vm.isOn) return resolve();
        if (!isClosed()) {
          clearTimeout(timer);
          timer = undefined;
        } else if (isDisposable) timer ??= setTimeout(resolve, LAST_WINDOW_MS);
        else resolve();
      };
      const stops = [vm.windows.on("changed", look), vm.windows.on("lost", resolve), vm.on("changed", look)];
      look();
      return () => {
        clearTimeout(timer);
        for (const stop of stops) stop();
      };
    },
    signal,
  });
}
