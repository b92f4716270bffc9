import { beforeEach, describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ActivityTracker } from "../../input/activity.ts";
import type { Links } from "./links.ts";
import { focusClaim } from "../model/activation.ts";
import { WindowCommands } from "./window-commands.ts";
import { isShown } from "../model/state.ts";
import { createWmStore } from "../model/store.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const wm = createWmStore();
const { dispatch } = wm;
const activity = new ActivityTracker();
const commands = new WindowCommands(wm, {} as Links, activity, { report: () => undefined });

function open(n: number, vm: VmId, parent: number | null = null): void {
  dispatch({
    type: "opened",
    id: idOf(n),
    vm,
    guest: guestWindow(n, { parent: parent as SurfaceId | null, modal: parent !== null }),
  });
  dispatch({ type: "mapped", id: idOf(n), size: { width: 9, height: 9 }, takesFocus: true, remembered: null });
}

/** Whether window 1's program, which asks to be activated, would have focus. */
function wouldHaveFocus(): boolean {
  const state = wm.getState();
  const window = state.windows[idOf(1)];
  const facts = {
    activity: activity.last,
    nowMs: performance.now(),
    isPromptShown: false,
    isStarted: false,
    hadFocus: null,
  };
  return window !== undefined && focusClaim(window, state, facts) !== null;
}

beforeEach(() => {
  for (const vm of [HOME, WEB]) dispatch({ type: "vmGone", vm });
  open(2, WEB);
  // Only a window that a person has used has focus after another VM's.
  commands.focus(idOf(2));
  open(1, HOME);
  activity.note(HOME);
});

describe("a person who goes from one VM to another", () => {
  const ways: [string, () => void][] = [
    ["focus", () => commands.focus(idOf(2))],
    ["maximize", () => commands.maximize(idOf(2))],
    ["toggleFullscreen", () => commands.toggleFullscreen(idOf(2))],
    ["toggle", () => commands.toggle(idOf(2))],
    ["minimize", () => commands.minimize(idOf(1))],
    [
      "restore",
      () => {
        dispatch({ type: "minimize", id: idOf(2) });
        commands.restore(idOf(2));
      },
    ],
  ];
  for (const [name, turn] of ways) {
    it(`by ${name} stays there, though the former was used just now`, () => {
      expect(wouldHaveFocus()).toBe(true);
      turn();
      expect(wm.getState().focused).toBe(idOf(2));
      expect(wouldHaveFocus()).toBe(false);
    });
  }
});

it("a window in front is minimised by its entry in the dock, also one with a modal dialog", () => {
  open(3, HOME, 1);
  commands.toggle(idOf(2));
  commands.toggle(idOf(1));
  expect(wm.getState().focused).toBe(idOf(3));
  commands.toggle(idOf(1));
  expect([1, 3].map((n) => isShown(wm.getState().windows[idOf(n)] ?? expect.fail()))).toEqual([false, false]);
});
