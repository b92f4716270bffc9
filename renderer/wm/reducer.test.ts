import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, Rect, SurfaceId, WindowId } from "#shared/model/window.ts";
import { FRAME, intersection, MIN_REACHABLE, outerOf, titleBarOf } from "./geometry.ts";
import { reduce } from "./reducer.ts";
import { contentOf, type DesktopWindow, EMPTY, isShown, type Placement, type WmAction, type WmState } from "./state.ts";

const WORK_AREA: Rect = { x: 0, y: 34, width: 1440, height: 866 };
const VMS = ["home", "web"] as unknown as readonly [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const guest = (n: number, parent: number | null = null): GuestWindow => ({
  surface: n as SurfaceId,
  kind: "wayland",
  pid: null,
  launch: null,
  title: `t${n}`,
  appId: "a",
  parent: parent as SurfaceId | null,
  modal: false,
  hints: { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null },
  clientDecorated: false,
});
const run = (...actions: WmAction[]): WmState => actions.reduce(reduce, { ...EMPTY, workArea: WORK_AREA });
const opened = (n: number, vm: VmId = VMS[0]): WmAction[] => [
  { type: "opened", id: idOf(n), vm, guest: guest(n) },
  { type: "sized", id: idOf(n), size: { width: 600, height: 400 } },
  { type: "focus", id: idOf(n) },
];
const windowIn = (state: WmState, n: number): DesktopWindow => {
  const window = state.windows[idOf(n)];
  if (window === undefined) throw new Error(`no window ${n}`);
  return window;
};

describe("windows", () => {
  it("are mapped by their first picture and placed in the work area", () => {
    const state = run(...opened(1));
    expect(windowIn(state, 1).isMapped).toBe(true);
    expect(intersection(outerOf(windowIn(state, 1).free), WORK_AREA)).toEqual(outerOf(windowIn(state, 1).free));
  });

  it("do not open on top of each other while there is room", () => {
    const state = run(...opened(1), ...opened(2));
    expect(windowIn(state, 1).free).not.toEqual(windowIn(state, 2).free);
  });

  it("keep the edges opposite to those in hand when the program answers", () => {
    const state = run(
      ...opened(1),
      { type: "moveTo", id: idOf(1), x: 300, y: 200 },
      { type: "hold", id: idOf(1), edges: { top: true, left: true, bottom: false, right: false } },
      { type: "sized", id: idOf(1), size: { width: 640, height: 380 } },
    );
    expect(windowIn(state, 1).free).toEqual({ x: 260, y: 220, width: 640, height: 380 });
  });

  it("return to their own place after being maximised, whatever size the program had there", () => {
    const before = windowIn(run(...opened(1)), 1).free;
    const state = run(
      ...opened(1),
      { type: "place", id: idOf(1), placement: "maximized" },
      { type: "sized", id: idOf(1), size: { width: 1438, height: 829 } },
      { type: "restore", id: idOf(1) },
    );
    expect(windowIn(state, 1).free).toEqual(before);
  });

  it("give focus to the one below when they are closed or minimised", () => {
    expect(run(...opened(1), ...opened(2), { type: "closed", id: idOf(2) }).focused).toBe(idOf(1));
    expect(run(...opened(1), ...opened(2), { type: "minimize", id: idOf(2) }).focused).toBe(idOf(1));
  });

  it("of a VM that broke the protocol freeze; those that nobody saw go; other VMs' stay as they are", () => {
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
});

const anyId = fc.integer({ min: 1, max: 6 }).map(idOf);
const anySide = fc.oneof(fc.integer({ min: -10, max: 3000 }), fc.constantFrom(0, 1, 65_535, Number.MAX_SAFE_INTEGER));
const anyPlace = fc.integer({ min: -100_000, max: 100_000 });
const anyPlacement = fc.constantFrom<Placement>("free", "maximized", "fullscreen", "left", "right");
const anyAction: fc.Arbitrary<WmAction> = fc.oneof(
  fc
    .record({ width: fc.integer({ min: 1, max: 4000 }), height: fc.integer({ min: 1, max: 3000 }) })
    .map((size): WmAction => ({ type: "workAreaChanged", workArea: { x: 0, y: 34, ...size } })),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom(...VMS), fc.option(fc.integer({ min: 1, max: 6 })))
    .map(([n, vm, parent]): WmAction => ({ type: "opened", id: idOf(n), vm, guest: guest(n, parent) })),
  fc
    .tuple(anyId, anySide, anySide)
    .map(([id, width, height]): WmAction => ({ type: "sized", id, size: { width, height } })),
  fc.option(anyId).map((id): WmAction => ({ type: "focus", id })),
  fc.tuple(anyId, anyPlace, anyPlace).map(([id, x, y]): WmAction => ({ type: "moveTo", id, x, y })),
  fc
    .tuple(
      anyId,
      fc.option(fc.record({ top: fc.boolean(), bottom: fc.boolean(), left: fc.boolean(), right: fc.boolean() })),
    )
    .map(([id, edges]): WmAction => ({ type: "hold", id, edges })),
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
      { numRuns: 500 },
    );

  it("every window meets the work area and its title bar can be reached", () => {
    check((state) => {
      const area = state.workArea;
      for (const window of Object.values<DesktopWindow>(state.windows)) {
        if (!window.isMapped) continue;
        const content = contentOf(window, area);
        expect(intersection(outerOf(content), area)).not.toBeNull();
        const bar = titleBarOf(content);
        expect(bar.y).toBeGreaterThanOrEqual(area.y);
        const seen = intersection(bar, area);
        expect(seen?.width ?? 0).toBeGreaterThanOrEqual(Math.min(MIN_REACHABLE, area.width) - 1);
        if (area.height >= FRAME.top) expect(seen?.height).toBe(FRAME.top);
        expect(Object.values(content).every((value) => Number.isSafeInteger(value))).toBe(true);
      }
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
