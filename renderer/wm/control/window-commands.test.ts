import { beforeEach, describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { lastActivity, noteActivity } from "../../input/activity.ts";
import type { Links } from "./links.ts";
import { mayTakeFocus } from "../model/activation.ts";
import { Orders } from "./window-commands.ts";
import { isShown } from "../model/state.ts";
import { dispatch, wmStore } from "../model/store.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const orders = new Orders({} as Links);

function open(n: number, vm: VmId, parent: number | null = null): void {
  dispatch({
    type: "opened",
    id: idOf(n),
    vm,
    guest: {
      surface: n as SurfaceId,
      kind: "wayland",
      pid: null,
      launch: null,
      title: "",
      appId: "",
      parent: parent as SurfaceId | null,
      modal: parent !== null,
      hints: { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null },
      clientDecorated: false,
    },
  });
  dispatch({ type: "mapped", id: idOf(n), size: { width: 9, height: 9 }, takesFocus: true, remembered: null });
}

/** Whether window 1's program, which asks to be activated, would have focus. */
function wouldHaveFocus(): boolean {
  const state = wmStore.getState();
  const window = state.windows[idOf(1)];
  const facts = { activity: lastActivity(), nowMs: performance.now(), isStarted: false, hadFocus: null };
  return window !== undefined && mayTakeFocus(window, state, facts);
}

beforeEach(() => {
  for (const vm of [HOME, WEB]) dispatch({ type: "vmGone", vm });
  open(2, WEB);
  open(1, HOME);
  noteActivity(HOME);
});

describe("a person who turns from one VM to another", () => {
  const ways: [string, () => void][] = [
    ["focus", () => orders.focus(idOf(2))],
    ["maximize", () => orders.maximize(idOf(2))],
    ["toggleFullscreen", () => orders.toggleFullscreen(idOf(2))],
    ["toggle", () => orders.toggle(idOf(2))],
    ["minimize", () => orders.minimize(idOf(1))],
    [
      "restore",
      () => {
        dispatch({ type: "minimize", id: idOf(2) });
        orders.restore(idOf(2));
      },
    ],
  ];
  for (const [name, turn] of ways) {
    it(`by ${name} stays there, though the former was used just now`, () => {
      expect(wouldHaveFocus()).toBe(true);
      turn();
      expect(wmStore.getState().focused).toBe(idOf(2));
      expect(wouldHaveFocus()).toBe(false);
    });
  }
});

it("a window in front is put away by its entry in the dock, one that a dialog holds up too", () => {
  open(3, HOME, 1);
  orders.toggle(idOf(2));
  orders.toggle(idOf(1));
  expect(wmStore.getState().focused).toBe(idOf(3));
  orders.toggle(idOf(1));
  expect([1, 3].map((n) => isShown(wmStore.getState().windows[idOf(n)] ?? expect.fail()))).toEqual([false, false]);
});
