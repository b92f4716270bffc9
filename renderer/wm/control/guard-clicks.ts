/** Joins the guard of clicks (input/click-guard.ts) with the window manager. */
import { ClickGuard, type PressedWindow } from "../../input/click-guard.ts";
import { RestingPointer } from "../../input/resting-pointer.ts";
import { windowAt } from "../model/hit-test.ts";
import type { WmStore } from "../model/store.ts";
import type { Rect, WindowId } from "#shared/model/window.ts";
import type { Links } from "./links.ts";
import type { WindowCommands } from "./window-commands.ts";

/** Create it before all that hears presses. Tell the result when popups have changed. */
export function guardClicks(
  wm: WmStore,
  links: Links,
  commands: WindowCommands,
  nowMs: () => number = () => performance.now(),
): RestingPointer {
  const popupsOf = (id: WindowId): readonly Rect[] => {
    const surface = wm.getState().windows[id]?.guest.surface;
    return surface === undefined ? [] : (links.find(id)?.session.popups.shownOn(surface) ?? []);
  };
  const resting = new RestingPointer({
    vmAt: (x, y) => windowAt(wm.getState(), { x, y }, popupsOf)?.vm ?? null,
    vmInUse: () => wm.getState().keyboardVm,
    nowMs,
  });
  wm.onChanged((isPersonsAct) => resting.windowsChanged(isPersonsAct));
  const windowOf = (element: Element): PressedWindow | null => {
    const { windows, focused } = wm.getState();
    const id = element.closest<HTMLElement>(".guest-window")?.dataset["windowId"];
    const window = id === undefined ? undefined : windows[id as WindowId];
    if (window === undefined) return null;
    const isMenuInUse = window.id === focused && element.closest(".popup") !== null;
    return { id: window.id, vm: window.vm, isMenuInUse };
  };
  new ClickGuard(resting, { windowOf, focus: (id) => commands.focus(id) }, window);
  return resting;
}
