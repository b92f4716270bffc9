import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import type { Activity } from "../model/activation.ts";
import { createWmStore, type WmStore } from "../model/store.ts";
import { DesktopPolicy } from "./desktop-policy.ts";

const [HOME, WEB] = ["home" as VmId, "web" as VmId];
const [QUIET, FOCUSED] = ["home.1" as WindowId, "web.2" as WindowId];

/** Window `QUIET` of VM home, below the focused window of VM `inUse`; the person last acted in `active`. */
function stage(
  active: VmId,
  inUse = WEB,
): {
  wm: WmStore;
  requested: (kind: "activate" | "raise" | "attention" | "unminimize") => void;
} {
  const wm = createWmStore();
  const open = (id: WindowId, vm: VmId, surface: number): void => {
    wm.dispatch({ type: "opened", id, vm, guest: guestWindow(surface, { kind: "x11" }) });
    wm.dispatch({ type: "mapped", id, size: { width: 300, height: 200 }, takesFocus: true, remembered: null });
  };
  open(QUIET, HOME, 1);
  open(FOCUSED, inUse, 2);
  const last: Activity = { vm: active, atMs: performance.now() };
  const unused = {} as never;
  const policy = new DesktopPolicy({
    ...{ wm, memory: unused, commands: unused, drag: unused },
    activity: { last } as never,
    isPromptShown: () => false,
  });
  return { wm, requested: (kind) => policy.requested(QUIET, { kind }) };
}

describe("a program that asks for its window to be", () => {
  it.each(["activate", "raise", "attention"] as const)("%s gets a mark while the person is elsewhere", (kind) => {
    const { wm, requested } = stage(WEB);
    requested(kind);
    expect(wm.getState().windows[QUIET]?.needsAttention).toBe(true);
    expect(wm.getState().focused).toBe(FOCUSED);
    expect(wm.getState().stack.at(-1)).toBe(FOCUSED);
  });

  it("activate gets the keyboard where the person has just acted in its VM, and raise or attention does not", () => {
    for (const kind of ["raise", "attention"] as const) {
      const { wm, requested } = stage(HOME);
      requested(kind);
      expect(wm.getState().focused).toBe(FOCUSED);
    }
    const { wm, requested } = stage(HOME, HOME);
    requested("activate");
    expect(wm.getState().focused).toBe(QUIET);
    // What a program asks for takes nothing from another VM, which has the keyboard since.
    const elsewhere = stage(HOME);
    elsewhere.requested("activate");
    expect(elsewhere.wm.getState().focused).toBe(FOCUSED);
  });

  it("shown again comes back from being minimised, marked and without the keyboard while the person is elsewhere", () => {
    const { wm, requested } = stage(WEB);
    requested("unminimize");
    expect(wm.getState().windows[QUIET]?.needsAttention).toBe(false);
    wm.dispatch({ type: "minimize", id: QUIET });
    requested("unminimize");
    expect(wm.getState().windows[QUIET]).toMatchObject({ isMinimized: false, needsAttention: true });
    expect(wm.getState().focused).toBe(FOCUSED);
  });
});
