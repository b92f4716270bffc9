import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, Rect, SurfaceId, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { intersection, MIN_REACHABLE, outerOf, titleBarOf } from "./geometry.ts";
import { reduce } from "./reducer.ts";
import {
  contentOf,
  type DesktopWindow,
  EMPTY,
  frameOf,
  frameRectOf,
  type Held,
  isShown,
  modeOf,
  type Placement,
  type Remembered,
  targetOf,
  type WmAction,
  type WmState,
} from "./state.ts";

const WORK_AREA: Rect = { x: 0, y: 34, width: 1440, height: 866 };
const VMS = ["home", "web"] as unknown as readonly [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const guest = (n: number, parent: number | null = null): GuestWindow =>
  guestWindow(n, { title: `t${n}`, appId: "a", parent: parent as SurfaceId | null });
const run = (...actions: WmAction[]): WmState => actions.reduce(reduce, { ...EMPTY, workArea: WORK_AREA });
const SIZE = { width: 600, height: 400 };
const opened = (n: number, vm: VmId = VMS[0], change: Partial<GuestWindow> = {}): WmAction[] => [
  { type: "opened", id: idOf(n), vm, guest: { ...guest(n), ...change } },
  { type: "mapped", id: idOf(n), size: SIZE, takesFocus: true, remembered: null },
];
const sized = (n: number, width: number, height: number, isAnswer = true): WmAction => ({
  type: "sized",
  id: idOf(n),
  size: { width, height },
  isAnswer,
});
const place = (n: number, placement: Placement): WmAction => ({ type: "place", id: idOf(n), placement });
const contentIn = (state: WmState, n: number): Rect => contentOf(windowIn(state, n), state.workArea);
const MAXIMIZED = { width: 1438, height: 829 };
const windowIn = (state: WmState, n: number): DesktopWindow => {
  const window = state.windows[idOf(n)];
  if (window === undefined) throw new Error(`no window ${n}`);
  return window;
};

describe("windows", () => {
  it("are mapped by their first frame and placed in the work area", () => {
    const state = run(...opened(1));
    expect(windowIn(state, 1).isMapped).toBe(true);
    const frame = frameRectOf(windowIn(state, 1), WORK_AREA);
    expect(intersection(frame, WORK_AREA)).toEqual(frame);
  });

  it("do not open on top of each other while there is room", () => {
    const state = run(...opened(1), ...opened(2));
    expect(windowIn(state, 1).free).not.toEqual(windowIn(state, 2).free);
  });

  it("keep the edges opposite to those that are dragged when the program answers", () => {
    const state = run(
      ...opened(1),
      { type: "moveTo", id: idOf(1), x: 300, y: 200 },
      {
        type: "hold",
        id: idOf(1),
        held: { kind: "resize", edges: { top: true, left: true, bottom: false, right: false } },
      },
      sized(1, 640, 380),
    );
    expect(windowIn(state, 1).free).toEqual({ x: 260, y: 220, width: 640, height: 380 });
  });

  it("keep their frame until the program has drawn for the new placement, then both change at once", () => {
    const before = contentIn(run(...opened(1)), 1);
    const asked = run(...opened(1), place(1, "maximized"));
    expect(modeOf(windowIn(asked, 1))).toBe("maximized");
    expect(contentIn(asked, 1)).toEqual(before);
    // Frames that were on their way, and an X11 program's first answer, which has the size from before.
    const waiting = [sized(1, 600, 400, false), sized(1, 600, 400, true)].reduce(reduce, asked);
    expect(contentIn(waiting, 1)).toEqual(before);
    const there = reduce(waiting, sized(1, MAXIMIZED.width, MAXIMIZED.height));
    expect(contentIn(there, 1)).toEqual({ x: 1, y: 70, ...MAXIMIZED });
  });

  it("get their frame all the same when the program does not draw in time", () => {
    const late = run(...opened(1), place(1, "left"), { type: "arrived", id: idOf(1) });
    expect(contentIn(late, 1)).toMatchObject({ x: 1, width: 718 });
  });

  it("return to their own place after being maximised, whatever size the program had there", () => {
    const before = windowIn(run(...opened(1)), 1).free;
    const maximized = run(...opened(1), place(1, "maximized"), sized(1, MAXIMIZED.width, MAXIMIZED.height));
    const restoring = reduce(maximized, { type: "restore", id: idOf(1) });
    expect(contentIn(restoring, 1)).toMatchObject(MAXIMIZED);
    // A frame that does not answer yet is no new size of the free window.
    const drawn = reduce(restoring, sized(1, MAXIMIZED.width, MAXIMIZED.height, false));
    expect(targetOf(windowIn(drawn, 1), WORK_AREA)).toEqual(before);
    expect(contentIn(reduce(drawn, sized(1, before.width, before.height)), 1)).toEqual(before);
  });

  it("return to their own place also where the program is late: what it still draws for the one before changes nothing", () => {
    const own = windowIn(run(...opened(1)), 1).free;
    const { width, height } = MAXIMIZED;
    const left = run(
      ...opened(1),
      place(1, "maximized"),
      sized(1, width, height),
      place(1, "free"),
      { type: "arrived", id: idOf(1) },
      sized(1, width, height, false),
    );
    expect(windowIn(left, 1).free).toEqual(own);
    expect(contentIn(reduce(left, sized(1, own.width, own.height)), 1)).toEqual(own);
    // One that will not draw smaller says so by its answer.
    expect(windowIn(reduce(left, sized(1, width, height)), 1).free).toMatchObject({ width, height });
  });

  it("keep their own place where they have left another one before their program drew for that", () => {
    const own = windowIn(run(...opened(1)), 1).free;
    const left = { width: 718, height: MAXIMIZED.height };
    const isLate: WmAction = { type: "arrived", id: idOf(1) };
    const back = run(...opened(1), place(1, "left"), isLate, { type: "restore", id: idOf(1) });
    expect(contentIn(back, 1)).toEqual(own);
    const drawn = reduce(back, sized(1, left.width, left.height, false));
    expect(windowIn(drawn, 1).free).toEqual(own);
    expect(contentIn(reduce(drawn, sized(1, own.width, own.height)), 1)).toEqual(own);
  });

  it("come off a maximised place under the pointer at once", () => {
    const maximized = run(...opened(1), place(1, "maximized"), sized(1, MAXIMIZED.width, MAXIMIZED.height));
    const moved = reduce(maximized, { type: "moveTo", id: idOf(1), x: 300, y: 200 });
    expect(contentIn(moved, 1)).toEqual({ x: 300, y: 200, ...SIZE });
    expect(contentIn(reduce(moved, sized(1, MAXIMIZED.width, MAXIMIZED.height, false)), 1)).toMatchObject(SIZE);
  });

  it("of one size are not maximised or tiled", () => {
    const hints = { minWidth: 600, minHeight: 400, maxWidth: 600, maxHeight: 400 };
    const state = run(...opened(1, VMS[0], { hints }), place(1, "maximized"), place(1, "left"));
    expect(windowIn(state, 1).placement).toBe("free");
  });

  it("that open larger than the work area are asked to fit", () => {
    const state = run(
      { type: "opened", id: idOf(1), vm: VMS[0], guest: guest(1) },
      { type: "mapped", id: idOf(1), size: { width: 3000, height: 2000 }, takesFocus: true, remembered: null },
    );
    expect(targetOf(windowIn(state, 1), WORK_AREA)).toMatchObject(MAXIMIZED);
  });

  it("whose program asked to be maximised before it drew open so", () => {
    const state = run({ type: "opened", id: idOf(1), vm: VMS[0], guest: guest(1) }, place(1, "maximized"), {
      type: "mapped",
      id: idOf(1),
      size: MAXIMIZED,
      takesFocus: true,
      remembered: null,
    });
    expect(contentIn(state, 1)).toEqual({ x: 1, y: 70, ...MAXIMIZED });
  });

  it("with a header bar of their own have a slim frame, and all have a compact one on a small screen", () => {
    const tops = (height: number): number[] => {
      const state = reduce(run(...opened(1), ...opened(2, VMS[0], { clientDecorated: true })), {
        type: "workAreaChanged",
        workArea: { ...WORK_AREA, height },
      });
      return [1, 2].map((n) => frameOf(windowIn(state, n), state.workArea).top);
    };
    expect(tops(866)).toEqual([36, 27]);
    expect(tops(600)).toEqual([32, 27]);
  });

  it("in full screen have the label's colour on all sides, above the top bar too", () => {
    const state = run(...opened(1), place(1, "userFullscreen"), sized(1, 1434, 894));
    expect(contentIn(state, 1)).toEqual({ x: 3, y: 3, width: 1434, height: 894 });
    expect(modeOf(windowIn(state, 1))).toBe("fullscreen");
  });

  it("leave full screen while a question of the host is shown, at once and unasked, and are back in it afterwards", () => {
    const full = run(...opened(1), place(1, "userFullscreen"), sized(1, 1434, 894));
    expect(contentIn(full, 1)).toEqual({ x: 3, y: 3, width: 1434, height: 894 });
    const asked = reduce(full, { type: "promptShown", isShown: true });
    expect(contentIn(asked, 1)).toEqual({ x: 1, y: 70, ...MAXIMIZED });
    expect([modeOf(windowIn(full, 1)), modeOf(windowIn(asked, 1))]).toEqual(["fullscreen", "maximized"]);
    // Its program is asked for nothing.
    expect(targetOf(windowIn(asked, 1), WORK_AREA)).toEqual(targetOf(windowIn(full, 1), WORK_AREA));
    expect(reduce(asked, { type: "promptShown", isShown: false })).toEqual(full);
  });

  it("that were to fill the screen do not begin to while a question of the host is shown", () => {
    const asked = run(...opened(1), { type: "promptShown", isShown: true }, place(1, "userFullscreen"));
    const drawn = reduce(asked, sized(1, 1434, 894));
    expect(windowIn(drawn, 1).shownAs).toBe("maximized");
    expect(windowIn(reduce(drawn, { type: "promptShown", isShown: false }), 1).shownAs).toBe("userFullscreen");
    expect(windowIn(reduce(asked, { type: "arrived", id: idOf(1) }), 1).shownAs).toBe("maximized");
  });

  it("that may not take focus open below the focused one and ask for attention, until they are focused", () => {
    const state = run(
      ...opened(1),
      { type: "opened", id: idOf(2), vm: VMS[1], guest: guest(2) },
      { type: "mapped", id: idOf(2), size: SIZE, takesFocus: false, remembered: null },
    );
    expect(state.focused).toBe(idOf(1));
    expect(state.stack).toEqual([idOf(2), idOf(1)]);
    expect(windowIn(state, 2).needsAttention).toBe(true);
    const focused = reduce(state, { type: "focus", id: idOf(2) });
    expect(windowIn(focused, 2).needsAttention).toBe(false);
    expect(reduce(focused, { type: "demandAttention", id: idOf(2) })).toBe(focused);
  });

  it("have sides of at least a pixel, whatever is remembered of them", () => {
    const [open] = opened(1);
    const state = run(open as WmAction, {
      type: "mapped",
      id: idOf(1),
      size: { width: 0, height: 0 },
      takesFocus: true,
      remembered: {
        free: { x: 0, y: 901, width: 0, height: -2 },
        placement: "maximized",
        isMinimized: false,
        keepsSize: false,
        back: null,
      },
    });
    expect(windowIn(state, 1).free).toMatchObject({ width: 1, height: 1 });
  });

  it("that are back have the places and states that they had", () => {
    const remembered = (above: number[], change: Partial<Remembered> = {}): Remembered => ({
      free: { x: 200, y: 150, width: 500, height: 300 },
      placement: "free",
      isMinimized: false,
      keepsSize: true,
      back: { above: above.map(idOf), wasFocused: false },
      ...change,
    });
    const back = (n: number, memory: Remembered, size = SIZE): WmAction[] => [
      { type: "opened", id: idOf(n), vm: VMS[0], guest: guest(n) },
      { type: "mapped", id: idOf(n), size, takesFocus: false, remembered: memory },
    ];
    const state = run(
      ...back(2, remembered([]), { width: 500, height: 300 }),
      ...back(3, remembered([2, 1], { placement: "maximized" }), MAXIMIZED),
      ...back(1, remembered([2], { isMinimized: true })),
    );
    expect(state.stack).toEqual([2, 1, 3].map(idOf));
    expect(contentIn(state, 2)).toEqual({ x: 200, y: 150, width: 500, height: 300 });
    expect(contentIn(state, 3)).toEqual({ x: 1, y: 70, ...MAXIMIZED });
    expect(windowIn(state, 3).free).toEqual({ x: 200, y: 150, width: 500, height: 300 });
    expect(isShown(windowIn(state, 1))).toBe(false);
    expect(Object.values<DesktopWindow>(state.windows).some(({ needsAttention }) => needsAttention)).toBe(false);
  });

  it("that are back and may not have focus stay below the window that has it, whatever they stood above", () => {
    const back = { above: [idOf(1)], wasFocused: false };
    const remembered: Remembered = {
      free: { x: 200, y: 150, ...SIZE },
      placement: "free",
      isMinimized: false,
      keepsSize: true,
      back,
    };
    const state = run(
      ...opened(1),
      { type: "opened", id: idOf(2), vm: VMS[1], guest: guest(2) },
      { type: "mapped", id: idOf(2), size: SIZE, takesFocus: false, remembered },
    );
    expect(state.stack).toEqual([2, 1].map(idOf));
    expect(state.focused).toBe(idOf(1));
  });

  it("that their program raises come in front of all but the focused one", () => {
    const state = run(...opened(1), ...opened(2), ...opened(3), ...opened(4, VMS[1]));
    const raised = reduce(state, { type: "raise", id: idOf(1) });
    expect(raised.stack).toEqual([2, 3, 1, 4].map(idOf));
    expect(raised.focused).toBe(idOf(4));
    expect(reduce(state, { type: "raise", id: idOf(4) })).toBe(state);
  });

  it("that their program shows again come back below the focused one", () => {
    const minimized = run(...opened(1), ...opened(2), { type: "minimize", id: idOf(1) }, ...opened(3, VMS[1]));
    const back = reduce(minimized, { type: "reappear", id: idOf(1) });
    expect(windowIn(back, 1).isMinimized).toBe(false);
    expect(back.stack).toEqual([2, 1, 3].map(idOf));
    expect(back.focused).toBe(idOf(3));
  });

  it("give focus to the one below when they are closed or minimised", () => {
    expect(run(...opened(1), ...opened(2), { type: "closed", id: idOf(2) }).focused).toBe(idOf(1));
    expect(run(...opened(1), ...opened(2), { type: "minimize", id: idOf(2) }).focused).toBe(idOf(1));
  });

  it("of a VM that broke the protocol freeze; those without a frame go; other VMs' stay as they are", () => {
    const state = run(
      ...opened(1),
      ...opened(2, VMS[1]),
      { type: "opened", id: idOf(3), vm: VMS[0], guest: guest(3) },
      { type: "freeze", vm: VMS[0], frozen: { reason: "protocol-violation", detail: "x" } },
    );
    expect(windowIn(state, 1).frozen?.reason).toBe("protocol-violation");
    expect(windowIn(state, 2).frozen).toBeNull();
    expect(state.windows[idOf(3)]).toBeUndefined();
  });

  it("that are frozen go at once where a person puts them; full screen ends and is refused", () => {
    const freeze: WmAction = { type: "freeze", vm: VMS[0], frozen: { reason: "agent-lost", detail: "" } };
    const frozen = run(...opened(1), place(1, "userFullscreen"), sized(1, 1434, 894), freeze);
    expect(contentIn(frozen, 1)).toEqual({ x: 1, y: 70, ...MAXIMIZED });
    expect(reduce(frozen, place(1, "userFullscreen"))).toBe(frozen);
    const free = reduce(frozen, { type: "restore", id: idOf(1) });
    expect(contentIn(free, 1)).toMatchObject(SIZE);
    const moved = [place(1, "left"), { type: "moveTo", id: idOf(1), x: 300, y: 200 } as const].reduce(reduce, free);
    expect(windowIn(moved, 1)).toMatchObject({ shownAs: "free", isArriving: false });
    expect(contentIn(moved, 1)).toEqual({ x: 300, y: 200, ...SIZE });
    expect(isShown(windowIn(reduce(moved, { type: "minimize", id: idOf(1) }), 1))).toBe(false);
  });
});

describe("a dialog", () => {
  const dialog = (n: number, parent: number, modal = false): WmAction[] =>
    opened(n, VMS[0], { parent: parent as SurfaceId, modal });

  it("is raised with its window, and stays above it", () => {
    const state = run(...opened(1), ...dialog(2, 1), ...dialog(3, 2), ...opened(4, VMS[1]));
    expect(state.stack).toEqual([1, 2, 3, 4].map(idOf));
    const raised = reduce(state, { type: "focus", id: idOf(1) });
    expect(raised.stack).toEqual([4, 1, 2, 3].map(idOf));
    expect(raised.focused).toBe(idOf(1));
    const first = run(...opened(1), ...dialog(2, 1), ...dialog(3, 1), { type: "focus", id: idOf(2) });
    expect(first.stack).toEqual([1, 3, 2].map(idOf));
  });

  it("that is modal has focus in its window's place", () => {
    const state = run(...opened(1), ...dialog(2, 1, true), ...opened(4), { type: "focus", id: idOf(1) });
    expect(state.focused).toBe(idOf(2));
    expect(state.stack).toEqual([4, 1, 2].map(idOf));
    expect(run(...opened(1), ...dialog(2, 1, true), { type: "closed", id: idOf(2) }).focused).toBe(idOf(1));
  });

  it("is minimised with its window and comes back with it", () => {
    const away = run(...opened(1), ...dialog(2, 1), ...opened(4), { type: "minimize", id: idOf(1) });
    expect([1, 2].map((n) => isShown(windowIn(away, n)))).toEqual([false, false]);
    for (const type of ["focus", "restore"] as const)
      expect([1, 2].map((n) => isShown(windowIn(reduce(away, { type, id: idOf(1) }), n)))).toEqual([true, true]);
    const byDialog = reduce(away, { type: "focus", id: idOf(2) });
    expect([1, 2].map((n) => isShown(windowIn(byDialog, n)))).toEqual([true, true]);
    // A modal one would come back with the window's focus.
    const modal = run(...opened(1), ...dialog(2, 1, true), ...opened(4), { type: "minimize", id: idOf(2) });
    expect([1, 2].map((n) => isShown(windowIn(modal, n)))).toEqual([false, false]);
    expect(modal.focused).toBe(idOf(4));
    // One alone stays away until it is asked for.
    const alone = run(...opened(1), ...dialog(2, 1), { type: "minimize", id: idOf(2) }, { type: "focus", id: idOf(1) });
    expect(isShown(windowIn(alone, 2))).toBe(false);
  });

  it("gives focus back to its parent, wherever in the stack that is", () => {
    const state = run(...opened(1), ...dialog(2, 1), ...dialog(3, 1), { type: "focus", id: idOf(2) });
    expect(reduce(state, { type: "closed", id: idOf(2) }).focused).toBe(idOf(1));
  });

  it("that may not take focus opens above its window, not above the one in use", () => {
    const unasked = (n: number, parent: number, vm: VmId): WmAction[] => [
      { type: "opened", id: idOf(n), vm, guest: guest(n, parent) },
      { type: "mapped", id: idOf(n), size: SIZE, takesFocus: false, remembered: null },
    ];
    const others = [...opened(1), ...opened(4), ...opened(5, VMS[1])];
    expect(run(...others, ...unasked(2, 1, VMS[0])).stack).toEqual([1, 2, 4, 5].map(idOf));
    // The number of another VM's window is no parent.
    expect(run(...others, ...unasked(2, 5, VMS[0])).stack).toEqual([1, 4, 2, 5].map(idOf));
    expect(run(...others, ...unasked(2, 5, VMS[1])).stack).toEqual([1, 4, 5, 2].map(idOf));
  });

  it("of itself, or of its own dialog, is nonsense that does no harm", () => {
    const state = run(...dialog(1, 2, true), ...dialog(2, 1, true), ...dialog(3, 3, true), ...opened(4));
    for (const n of [1, 2, 3]) {
      const focused = reduce(state, { type: "focus", id: idOf(n) });
      expect(focused.stack.toSorted()).toEqual([1, 2, 3, 4].map(idOf));
      expect(focused.focused).not.toBe(idOf(4));
      expect(reduce(focused, { type: "minimize", id: idOf(n) }).focused).not.toBe(idOf(n));
    }
  });
});

const anyId = fc.integer({ min: 1, max: 6 }).map(idOf);
const anySide = fc.oneof(fc.integer({ min: -10, max: 3000 }), fc.constantFrom(0, 1, 65_535, Number.MAX_SAFE_INTEGER));
const anyPlace = fc.integer({ min: -100_000, max: 100_000 });
const anyPlacement = fc.constantFrom<Placement>(
  "free",
  "maximized",
  "appFullscreen",
  "left",
  "right",
  "userFullscreen",
);
const anyRemembered: fc.Arbitrary<Remembered> = fc.record({
  free: fc.record({ x: anyPlace, y: anyPlace, width: anySide, height: anySide }),
  placement: anyPlacement,
  isMinimized: fc.boolean(),
  keepsSize: fc.boolean(),
  back: fc.option(fc.record({ above: fc.array(anyId), wasFocused: fc.boolean() })),
});
const anyAction: fc.Arbitrary<WmAction> = fc.oneof(
  fc
    .record({ width: fc.integer({ min: 1, max: 4000 }), height: fc.integer({ min: 1, max: 3000 }) })
    .map((size): WmAction => ({ type: "workAreaChanged", workArea: { x: 0, y: 34, ...size } })),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom(...VMS), fc.option(fc.integer({ min: 1, max: 6 })))
    .map(([n, vm, parent]): WmAction => ({ type: "opened", id: idOf(n), vm, guest: guest(n, parent) })),
  fc
    .tuple(anyId, anySide, anySide, fc.boolean())
    .map(([id, width, height, isAnswer]): WmAction => ({ type: "sized", id, size: { width, height }, isAnswer })),
  fc
    .tuple(anyId, anySide, anySide, fc.boolean(), fc.option(anyRemembered))
    .map(([id, width, height, takesFocus, remembered]): WmAction => ({
      type: "mapped",
      id,
      size: { width, height },
      takesFocus,
      remembered,
    })),
  anyId.map((id): WmAction => ({ type: "arrived", id })),
  fc.boolean().map((isShown): WmAction => ({ type: "promptShown", isShown })),
  anyId.map((id): WmAction => ({ type: "demandAttention", id })),
  anyId.map((id): WmAction => ({ type: "raise", id })),
  anyId.map((id): WmAction => ({ type: "reappear", id })),
  fc.tuple(anyId, fc.boolean(), fc.boolean()).map(([id, clientDecorated, modal]): WmAction => ({
    type: "guestChanged",
    id,
    change: { clientDecorated, modal },
  })),
  fc.option(anyId).map((id): WmAction => ({ type: "focus", id })),
  fc.tuple(anyId, anyPlace, anyPlace).map(([id, x, y]): WmAction => ({ type: "moveTo", id, x, y })),
  fc
    .tuple(
      anyId,
      fc.option(
        fc.oneof(
          fc.constant<Held>({ kind: "move" }),
          fc
            .record({ top: fc.boolean(), bottom: fc.boolean(), left: fc.boolean(), right: fc.boolean() })
            .map((edges): Held => ({ kind: "resize", edges })),
        ),
      ),
    )
    .map(([id, held]): WmAction => ({ type: "hold", id, held })),
  fc.tuple(anyId, anyPlacement).map(([id, placement]): WmAction => ({ type: "place", id, placement })),
  anyId.map((id): WmAction => ({ type: "minimize", id })),
  anyId.map((id): WmAction => ({ type: "restore", id })),
  anyId.map((id): WmAction => ({ type: "closed", id })),
  fc.constantFrom(...VMS).map((vm): WmAction => ({ type: "freeze", vm, frozen: { reason: "agent-lost", detail: "" } })),
  fc.constantFrom(...VMS).map((vm): WmAction => ({ type: "vmGone", vm })),
);

describe("after any sequence of events", () => {
  const check = (rule: (state: WmState) => void): void =>
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 60 }), (actions) => rule(run(...actions))),
      tries(500),
    );

  it("every window meets the work area and its title bar can be reached", () => {
    check((state) => {
      const area = state.workArea;
      for (const window of Object.values<DesktopWindow>(state.windows)) {
        if (!window.isMapped) continue;
        const content = contentOf(window, area);
        const frame = frameOf(window, area);
        expect(intersection(outerOf(content, frame), area)).not.toBeNull();
        expect(Object.values(content).every((value) => Number.isSafeInteger(value))).toBe(true);
        if (window.shownAs === "userFullscreen") continue;
        const bar = titleBarOf(content, frame);
        expect(bar.y).toBeGreaterThanOrEqual(area.y);
        const seen = intersection(bar, area);
        // Of a small area a tile is less than what must be reachable of others.
        const isTile = window.shownAs === "left" || window.shownAs === "right";
        const most = isTile ? area.width / 2 : area.width;
        expect(seen?.width ?? 0).toBeGreaterThanOrEqual(Math.min(MIN_REACHABLE, most) - 2); // two roundings
        if (area.height >= frame.top) expect(seen?.height).toBe(frame.top);
      }
    });
  });

  it("nothing fills the screen while a question of the host is shown", () => {
    check((state) => {
      if (!state.isPromptShown) return;
      for (const window of Object.values<DesktopWindow>(state.windows))
        expect(window.shownAs).not.toBe("userFullscreen");
    });
  });

  it("the stack names every window once, and focus is on one that a person sees or on none", () => {
    check((state) => {
      expect([...state.stack].sort()).toEqual(Object.keys(state.windows).sort());
      if (state.focused === null) return;
      const window = state.windows[state.focused];
      expect(window !== undefined && isShown(window)).toBe(true);
    });
  });
});
