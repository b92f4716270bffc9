import { describe, expect, it } from "vitest";
import { shallow } from "zustand/vanilla/shallow";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { reduce } from "./reducer.ts";
import { EMPTY, type WmAction, type WmState } from "./state.ts";
import { wantingOf, windowFacts } from "./window-facts.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const opened = (n: number, vm: VmId, takesFocus: boolean, title = "t"): WmAction[] => [
  {
    type: "opened",
    id: idOf(n),
    vm,
    guest: guestWindow(n, { title, appId: "foot" }),
  },
  { type: "mapped", id: idOf(n), size: { width: 300, height: 200 }, takesFocus, remembered: null },
];
const run = (...actions: WmAction[]): WmState => actions.reduce(reduce, EMPTY);

describe("what views draw of a window", () => {
  it("is the same at each step of a move and of a resize, and while other windows change", () => {
    const before = run(...opened(1, HOME, true), ...opened(2, WEB, false));
    const steps: WmAction[] = [
      { type: "moveTo", id: idOf(1), x: 200, y: 200 },
      { type: "sized", id: idOf(1), size: { width: 310, height: 220 }, isAnswer: true },
      { type: "moveTo", id: idOf(2), x: 300, y: 300 },
      { type: "guestChanged", id: idOf(2), change: { title: "other" } },
    ];
    const after = steps.reduce(reduce, before);
    expect(after.windows[idOf(1)]).not.toBe(before.windows[idOf(1)]);
    expect(shallow(windowFacts(after, idOf(1)), windowFacts(before, idOf(1)))).toBe(true);
  });

  it("follows what is shown of it", () => {
    const state = run(...opened(1, HOME, true));
    const maximized = reduce(state, { type: "place", id: idOf(1), placement: "maximized" });
    expect(windowFacts(maximized, idOf(1))).toMatchObject({
      placement: "maximized",
      isFocused: true,
      focusCause: "inherited",
      title: "t",
    });
    expect(windowFacts(state, idOf(9))).toBeNull();
  });

  it("has the application's name where the program gives no title", () => {
    expect(windowFacts(run(...opened(1, HOME, true, "")), idOf(1))?.title).toBe("foot");
  });
});

it("windows that want to be looked at are known by their VM, until they are", () => {
  const state = run(...opened(1, HOME, true), ...opened(2, WEB, false), ...opened(3, WEB, false));
  expect(wantingOf(state, HOME)).toEqual([]);
  expect(wantingOf(state, WEB)).toEqual([idOf(2), idOf(3)]);
  expect(wantingOf(reduce(state, { type: "focus", id: idOf(2) }), WEB)).toEqual([idOf(3)]);
});
