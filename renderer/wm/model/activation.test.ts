import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { type ActivationFacts, focusClaim, isLaunchFresh } from "./activation.ts";
import { reduce } from "./reducer.ts";
import { type DesktopWindow, EMPTY, type WmAction, type WmState } from "./state.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const guest = (n: number, parent: number | null): GuestWindow => guestWindow(n, { parent: parent as SurfaceId | null });
const opened = (n: number, vm: VmId, parent: number | null = null): WmAction => ({
  type: "opened",
  id: idOf(n),
  vm,
  guest: guest(n, parent),
});
const size = { width: 300, height: 200 };
const closed = (n: number): WmAction => ({ type: "closed", id: idOf(n) });
const mapped = (n: number): WmAction => ({ type: "mapped", id: idOf(n), size, takesFocus: true, remembered: null });

/** Window 1 of `home` has focus; window 2 is the one that asks. */
function asks(vm: VmId, facts: Partial<ActivationFacts>, parent: number | null = null): boolean {
  const state = [opened(1, HOME), mapped(1), opened(2, vm, parent)].reduce(reduce, EMPTY);
  const claim = focusClaim(state.windows[idOf(2)] as DesktopWindow, state, {
    activity: null,
    nowMs: 100_000,
    isStarted: false,
    isPromptShown: false,
    hadFocus: null,
    ...facts,
  });
  return claim !== null;
}

describe("a window that appears takes focus", () => {
  it("when nothing has had it yet", () => {
    const state: WmState = reduce(EMPTY, opened(2, WEB));
    const window = state.windows[idOf(2)] as DesktopWindow;
    const facts = { activity: null, nowMs: 0, isPromptShown: true, isStarted: false, hadFocus: null };
    expect(focusClaim(window, state, facts)).toBe("inherited");
  });

  it("when nothing has it, and it was its VM that had it last", () => {
    for (const [vm, claim] of [
      [HOME, "inherited"],
      [WEB, null],
    ] as const) {
      const state = [opened(1, HOME), mapped(1), closed(1), opened(2, vm)].reduce(reduce, EMPTY);
      const facts = { activity: null, nowMs: 0, isPromptShown: false, isStarted: false, hadFocus: null };
      expect(focusClaim(state.windows[idOf(2)] as DesktopWindow, state, facts)).toBe(claim);
    }
  });

  it("when the person acted last in its VM, which has the keyboard, and not long ago", () => {
    expect(asks(HOME, { activity: { vm: HOME, atMs: 90_000 } })).toBe(true);
    expect(asks(WEB, { activity: { vm: HOME, atMs: 90_000 } })).toBe(false);
    expect(asks(HOME, { activity: { vm: HOME, atMs: 10_000 } })).toBe(false);
    // The keyboard has gone to another VM since: it stays there.
    expect(asks(WEB, { activity: { vm: WEB, atMs: 90_000 } })).toBe(false);
  });

  it("when it is a dialog of the focused window, but not when it only says the number of one of another VM", () => {
    expect(asks(HOME, {}, 1)).toBe(true);
    expect(asks(WEB, {}, 1)).toBe(false);
  });

  it("when its program was started, unless the person types elsewhere in that moment", () => {
    expect(asks(WEB, { isStarted: true })).toBe(true);
    expect(asks(WEB, { isStarted: true, activity: { vm: HOME, atMs: 95_000 } })).toBe(true);
    expect(asks(WEB, { isStarted: true, activity: { vm: HOME, atMs: 99_500 } })).toBe(false);
  });

  it("when it is back and had focus before, unless the person has gone to another VM", () => {
    expect(asks(WEB, { hadFocus: true })).toBe(true);
    expect(asks(WEB, { hadFocus: true, activity: { vm: WEB, atMs: 1_000 } })).toBe(true);
    expect(asks(WEB, { hadFocus: true, activity: { vm: HOME, atMs: 1_000 } })).toBe(false);
    expect(asks(WEB, { hadFocus: false, activity: { vm: WEB, atMs: 99_000 } })).toBe(false);
  });

  it("when it is back, but not from another VM's window that a launch has given focus", () => {
    const launched: WmAction = { type: "focus", id: idOf(1), request: "launch" };
    const state = [opened(1, HOME), mapped(1), launched, opened(2, WEB)].reduce(reduce, EMPTY);
    const facts = { activity: null, nowMs: 0, isPromptShown: false, isStarted: false, hadFocus: true };
    expect(focusClaim(state.windows[idOf(2)] as DesktopWindow, state, facts)).toBeNull();
  });

  it("but a new one never from another while a prompt is shown", () => {
    const facts = { isPromptShown: true, activity: { vm: WEB, atMs: 99_000 } };
    expect(asks(WEB, facts)).toBe(false);
    expect(asks(WEB, { ...facts, isStarted: true })).toBe(false);
    expect(asks(HOME, { isPromptShown: true }, 1)).toBe(false);
    expect(asks(WEB, { ...facts, hadFocus: true })).toBe(true);
  });

  it("and not otherwise", () => {
    expect(asks(WEB, {})).toBe(false);
    expect(asks(HOME, {})).toBe(false);
  });
});

describe("the right of a launch to the keyboard", () => {
  it("ends after half a minute", () => {
    expect(isLaunchFresh(70_000, { activity: null, nowMs: 100_000 })).toBe(true);
    expect(isLaunchFresh(69_999, { activity: null, nowMs: 100_000 })).toBe(false);
  });

  it("ends when the person acts in a window after it", () => {
    expect(isLaunchFresh(90_000, { activity: { vm: HOME, atMs: 89_000 }, nowMs: 100_000 })).toBe(true);
    expect(isLaunchFresh(90_000, { activity: { vm: HOME, atMs: 91_000 }, nowMs: 100_000 })).toBe(false);
  });
});
