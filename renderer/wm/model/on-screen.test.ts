// Tag and buttons of a window are on the screen, whatever place is remembered and however large the window becomes.
import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, Rect, Size, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { outerOf } from "./geometry.ts";
import { reduce } from "./reducer.ts";
import { EMPTY, frameOf, frameRectOf, type Remembered, type WmAction, type WmState } from "./state.ts";

const AREA: Rect = { x: 0, y: 34, width: 1600, height: 966 };
const ID = "w.1" as WindowId;
const guest = guestWindow(1, { kind: "x11", appId: "xterm" });
const run = (...actions: WmAction[]): WmState => actions.reduce(reduce, { ...EMPTY, workArea: AREA });
const opening = (of: GuestWindow): WmAction => ({ type: "opened", id: ID, vm: "home" as VmId, guest: of });
const opened = opening(guest);
const mapped = (size: Size, remembered: Remembered | null): WmAction => ({
  type: "mapped",
  id: ID,
  size,
  takesFocus: true,
  remembered,
});
const sized = (width: number, height: number): WmAction => ({
  type: "sized",
  id: ID,
  size: { width, height },
  isAnswer: true,
});
const app = (free: Rect): Remembered => ({ free, placement: "free", isMinimized: false, keepsSize: false, back: null });
const frame = (state: WmState): Rect => {
  const window = state.windows[ID];
  if (window === undefined) throw new Error("no window");
  return frameRectOf(window, state.workArea);
};
const isOnScreen = (rect: Rect, area = AREA): boolean =>
  rect.x >= area.x &&
  rect.y >= area.y &&
  rect.x + rect.width <= area.x + area.width &&
  rect.y + rect.height <= area.y + area.height;

describe("a window", () => {
  it("that opens larger than the last of its program is brought into the work area", () => {
    const state = run(opened, mapped({ width: 1084, height: 784 }, app({ x: 900, y: 600, width: 484, height: 316 })));
    expect(frame(state)).toEqual({ x: 1600 - 1086, y: 1000 - 821, width: 1086, height: 821 });
  });

  it("that opens with all that it remembers is on the screen, whatever that is", () => {
    const number = fc.integer({ min: -5000, max: 5000 });
    const side = fc.integer({ min: 1, max: 5000 });
    const rect = fc.record({ x: number, y: number, width: side, height: side });
    fc.assert(
      fc.property(side, side, rect, (width, height, free) => {
        expect(isOnScreen(frame(run(opened, mapped({ width, height }, app(free)))))).toBe(true);
      }),
      tries(300),
    );
  });

  it("that is back is where a person left it, also beside the screen; with another size it is on the screen", () => {
    const free = { x: 1400, y: 200, width: 600, height: 400 };
    const back: Remembered = { ...app(free), back: { above: [], wasFocused: true } };
    expect(run(opened, mapped({ width: 600, height: 400 }, back)).windows[ID]?.free).toEqual(free);
    expect(isOnScreen(frame(run(opened, mapped({ width: 700, height: 400 }, back))))).toBe(true);
  });

  it("that grows by itself does not grow off the screen; one that a person resizes does", () => {
    const there = [opened, mapped({ width: 600, height: 400 }, app({ x: 900, y: 500, width: 600, height: 400 }))];
    expect(isOnScreen(frame(run(...there, sized(1200, 800))))).toBe(true);
    const edges = { top: false, bottom: true, left: false, right: true };
    const held = run(...there, { type: "hold", id: ID, held: { kind: "resize", edges } }, sized(1200, 400));
    expect(frame(held)).toMatchObject({ x: 899, width: 1202 });
  });

  it("that was on the screen stays on it when that becomes smaller", () => {
    const there = [opened, mapped({ width: 600, height: 400 }, app({ x: 950, y: 500, width: 600, height: 400 }))];
    const small = { ...AREA, width: 1000, height: 700 };
    const state = run(...there, { type: "workAreaChanged", workArea: small });
    expect(isOnScreen(frame(state), small)).toBe(true);
  });

  it("that cannot be made to fit begins at the top left", () => {
    const hints = { minWidth: 4000, minHeight: 3000, maxWidth: 4000, maxHeight: 3000 };
    const large = { width: 4000, height: 3000 };
    const state = run(opening({ ...guest, hints }), mapped(large, app({ x: 9, y: 99, ...large })));
    const window = state.windows[ID];
    expect(window && outerOf(window.free, frameOf(window, AREA))).toMatchObject({ x: 0, y: 34, width: 4002 });
  });
});
