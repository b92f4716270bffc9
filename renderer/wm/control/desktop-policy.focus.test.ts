// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId, WindowRequest } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { createWmStore, type WmStore } from "../model/store.ts";
import { DesktopPolicy } from "./desktop-policy.ts";
import type { Drag } from "./drag.ts";
import type { Links } from "./links.ts";
import { WindowMemory } from "./memory.ts";
import { WindowCommands } from "./window-commands.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
let wm: WmStore;
let activity: ActivityTracker;
let commands: WindowCommands;
let policy: DesktopPolicy;

beforeEach(() => {
  wm = createWmStore();
  activity = new ActivityTracker();
  commands = new WindowCommands(wm, {} as Links, activity, { report: () => undefined });
  const drag = { requested: () => undefined } as unknown as Drag;
  policy = new DesktopPolicy({ wm, activity, memory: new WindowMemory(), commands, drag, isPromptShown: () => false });
});

/** Opens it below the one in use. */
function open(n: number, vm: VmId): void {
  wm.dispatch({ type: "opened", id: idOf(n), vm, guest: guestWindow(n) });
  const size = { width: 300, height: 200 };
  wm.dispatch({ type: "mapped", id: idOf(n), size, takesFocus: false, remembered: null });
}

const asks = (n: number, kind: Exclude<WindowRequest["kind"], "resize">): void => policy.requested(idOf(n), { kind });
const placementOf = (n: number): string | undefined => wm.getState().windows[idOf(n)]?.placement;

describe("the first window of a launch takes focus", () => {
  it("for half a minute, and until the person acts in a window", () => {
    vi.useFakeTimers({ now: 0 });
    try {
      open(1, HOME);
      commands.focus(idOf(1));
      open(2, WEB);
      vi.advanceTimersByTime(5_000);
      const launchedAtMs = performance.now();
      vi.advanceTimersByTime(30_000);
      expect(policy.focusClaim(idOf(2), launchedAtMs, null)).toBe("launch");
      vi.advanceTimersByTime(1);
      expect(policy.focusClaim(idOf(2), launchedAtMs, null)).toBeNull();
      const again = performance.now();
      vi.advanceTimersByTime(1_000);
      expect(policy.focusClaim(idOf(2), again, null)).toBe("launch");
      activity.used(HOME);
      vi.advanceTimersByTime(1_000);
      expect(policy.focusClaim(idOf(2), again, null)).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a program", () => {
  beforeEach(() => {
    open(1, HOME);
    commands.focus(idOf(1));
    open(2, WEB);
  });

  it.each([
    ["maximize", "unmaximize", "maximized"],
    ["fullscreen", "unfullscreen", "appFullscreen"],
  ] as const)("in the background that asks to %s has to wait for the person", (begins, ends, placement) => {
    asks(2, begins);
    expect(placementOf(2)).toBe("free");
    commands.focus(idOf(2));
    expect(placementOf(2)).toBe(placement);
    asks(2, ends);
    expect(placementOf(2)).toBe("free");
    commands.focus(idOf(1));
    asks(2, begins);
    asks(2, ends);
    commands.focus(idOf(2));
    expect(placementOf(2)).toBe("free");
  });

  it("that asks to be activated gets no focus from another VM, and does not count as used", () => {
    asks(2, "activate");
    expect(wm.getState()).toMatchObject({ focused: idOf(1), used: [idOf(1)] });
    open(3, HOME);
    asks(3, "activate");
    expect(wm.getState()).toMatchObject({ focused: idOf(3), cause: "person", used: [idOf(1)] });
  });

  it("that minimises its window leaves the keyboard to nobody whom the person has not used", () => {
    asks(1, "minimize");
    expect(wm.getState()).toMatchObject({ focused: null, cause: null });
  });

  it("that minimises its window does so by no act of the person, who chooses what has focus then", () => {
    commands.focus(idOf(2));
    asks(2, "minimize");
    expect(wm.getState()).toMatchObject({ focused: idOf(1), cause: "inherited" });
  });

  it("in the background that fills the work area already may do it otherwise", () => {
    commands.maximize(idOf(2));
    commands.focus(idOf(1));
    asks(2, "fullscreen");
    expect(placementOf(2)).toBe("appFullscreen");
  });

  it("is told from a person by what changes the windows", () => {
    commands.focus(idOf(2));
    const acts: boolean[] = [];
    wm.onChanged((isPersonsAct) => acts.push(isPersonsAct));
    asks(2, "fullscreen");
    asks(2, "unfullscreen");
    commands.maximize(idOf(2));
    expect(acts).toEqual([false, false, true]);
  });
});
