// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { Keyboard, type KeySession } from "../../input/keyboard.ts";
import type { Links } from "./links.ts";
import { WindowCommands } from "./window-commands.ts";
import { createWmOverlayStore } from "../model/overlays.ts";
import { createWmStore } from "../model/store.ts";
import { Switcher, switchOrder } from "./switcher.ts";

const VM = "home" as VmId;
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const closed: WindowId[] = [];
const page = new EventTarget();
const heard: string[] = [];
const session: KeySession = { vm: VM, send: (command) => void heard.push(command.type) };
const wm = createWmStore();
const { dispatch } = wm;
const overlays = createWmOverlayStore();
const activity = new ActivityTracker();
const keyboard = new Keyboard(
  activity,
  {
    superTapped: () => undefined,
    pastePressed: () => undefined,
    shortcutPressed: ({ modifier, isShift }) => switcher.open(modifier, isShift),
  },
  page,
);
const links = { close: (id: WindowId) => closed.push(id) === 0 } as Links;
const commands = new WindowCommands(wm, links, activity, { report: () => undefined });
const switcher = new Switcher(wm, overlays, keyboard, commands);

function open(n: number, takesFocus = true): void {
  dispatch({ type: "opened", id: idOf(n), vm: VM, guest: guestWindow(n) });
  dispatch({ type: "mapped", id: idOf(n), size: { width: 9, height: 9 }, takesFocus, remembered: null });
}

const key = (type: "keydown" | "keyup", code: string, name: string, held: KeyboardEventInit): void =>
  void page.dispatchEvent(new KeyboardEvent(type, { code, key: name, cancelable: true, ...held }));
const altTab = (shiftKey = false): void => key("keydown", "Tab", "Tab", { altKey: true, shiftKey });
const letGo = (): void => key("keyup", "AltLeft", "Alt", {});
const press = (code: string): void => key("keydown", code, code, { altKey: true });
const chosen = (): WindowId | undefined => {
  const { switcher: shown } = overlays.getState();
  return shown?.windows[shown.at];
};

beforeEach(() => {
  dispatch({ type: "vmGone", vm: VM });
  switcher.cancel();
  closed.length = 0;
  for (const n of [1, 2, 3]) open(n);
  keyboard.setTarget({ session, surface: 3 as SurfaceId });
  heard.length = 0;
});

describe("the switcher", () => {
  it("goes to the window that was used before, as soon as the modifier is let go", () => {
    altTab();
    expect(chosen()).toBe(idOf(2));
    expect(wm.getState().focused).toBe(idOf(3));
    letGo();
    expect(wm.getState().focused).toBe(idOf(2));
    expect(overlays.getState().switcher).toBeNull();
    altTab();
    letGo();
    expect(wm.getState().focused).toBe(idOf(3));
  });

  it("goes round, both ways, and shows minimised windows last", () => {
    dispatch({ type: "minimize", id: idOf(2) });
    expect(switchOrder(wm.getState())).toEqual([3, 1, 2].map(idOf));
    altTab();
    altTab();
    expect(chosen()).toBe(idOf(2));
    altTab();
    expect(chosen()).toBe(idOf(3));
    altTab(true);
    expect(chosen()).toBe(idOf(2));
    letGo();
    expect(wm.getState().windows[idOf(2)]?.isMinimized).toBe(false);
  });

  it("goes by use: windows that nobody has used come after all that a person has, also after minimised ones", () => {
    for (const n of [2, 1, 3]) dispatch({ type: "focus", id: idOf(n) });
    dispatch({ type: "minimize", id: idOf(2) });
    // It stands directly below the one in use.
    open(4, false);
    expect(wm.getState().stack.at(-2)).toBe(idOf(4));
    expect(switchOrder(wm.getState())).toEqual([3, 1, 2, 4].map(idOf));
    altTab();
    letGo();
    expect(wm.getState().focused).toBe(idOf(1));
  });

  it("begins with the window in use, also where nobody has used that one yet", () => {
    for (const n of [1, 2]) dispatch({ type: "focus", id: idOf(n) });
    open(4);
    expect(switchOrder(wm.getState())).toEqual([4, 2, 1, 3].map(idOf));
    altTab();
    expect(chosen()).toBe(idOf(2));
  });

  it("chooses the window used last when none has focus", () => {
    for (const n of [1, 2]) dispatch({ type: "focus", id: idOf(n) });
    dispatch({ type: "focus", id: null });
    altTab();
    expect(chosen()).toBe(idOf(2));
  });

  it("keeps all keys from the guest, and Escape changes nothing", () => {
    altTab();
    press("KeyX");
    press("Escape");
    letGo();
    expect(heard).toEqual([]);
    expect(wm.getState().focused).toBe(idOf(3));
  });

  it("closes the chosen window and goes on with the others", () => {
    altTab();
    press("KeyQ");
    expect(closed).toEqual([idOf(2)]);
    dispatch({ type: "closed", id: idOf(2) });
    expect(chosen()).toBe(idOf(1));
    dispatch({ type: "vmGone", vm: VM });
    expect(overlays.getState().switcher).toBeNull();
  });

  it("ends when the desktop loses focus, and gives the keys back", () => {
    altTab();
    window.dispatchEvent(new Event("blur"));
    expect(overlays.getState().switcher).toBeNull();
    key("keydown", "KeyA", "a", {});
    expect(heard).toEqual(["key"]);
  });
});
