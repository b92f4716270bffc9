import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { type DesktopWindow, EMPTY, type WmState } from "./state.ts";
import { windowGroups } from "./window-groups.ts";

const window = (id: string, vm: string, appId: string, isMapped = true): [string, DesktopWindow] => [
  id,
  { id: id as WindowId, vm: vm as VmId, guest: { appId }, isMapped } as DesktopWindow,
];
const state = (...windows: [string, DesktopWindow][]): WmState => ({ ...EMPTY, windows: Object.fromEntries(windows) });

const WINDOWS = state(
  window("a", "home", "foot"),
  window("b", "home", "xterm"),
  window("c", "home", "foot"),
  window("d", "web", "foot"),
  window("e", "web", ""),
  window("f", "web", ""),
  window("g", "web", "foot", false),
);

describe("in the dock", () => {
  it("windows of an application are together, those of another VM and those without a name are not", () => {
    expect(windowGroups(WINDOWS, 99)).toEqual([["a", "c"], ["b"], ["d"], ["e"], ["f"]]);
  });

  it("a VM with too many has one entry for all of them, and leaves the others theirs", () => {
    expect(windowGroups(WINDOWS, 4)).toEqual([["a", "c"], ["b"], ["d", "e", "f"]]);
    expect(windowGroups(WINDOWS, 2)).toEqual([
      ["a", "c", "b"],
      ["d", "e", "f"],
    ]);
    expect(windowGroups(WINDOWS, 0)).toHaveLength(2);
  });
});
