import { describe, expect, it } from "vitest";
import { SurfaceSession } from "../testing/surface-session.ts";
import { Decoration, Edge, Kind, PixelFormat, WindowRequest as WireRequest } from "./gen/atoll_pb.ts";
import {
  MAX_COORDINATE,
  MAX_CURSOR_SIDE_PX,
  MAX_POPUP_DEPTH,
  MAX_SIDE_PX,
  MAX_SUBSURFACE_DEPTH,
  MAX_SURFACES,
  MAX_TITLE_BYTES,
  MAX_WINDOWS,
} from "./limits.ts";

function withWindow(surface = 1): SurfaceSession {
  const session = new SurfaceSession();
  session.say("windowOpened", { surface, kind: Kind.WAYLAND });
  return session;
}

describe("surfaces", () => {
  it("never come back", () => {
    const session = withWindow(7);
    session.say("surfaceClosed", { surface: 7 });
    expect(session.say("windowOpened", { surface: 7, kind: Kind.WAYLAND })).toBe("surface-reused");
  });

  it("are at most so many windows", () => {
    const session = new SurfaceSession();
    for (let surface = 1; surface <= MAX_WINDOWS; surface += 1) {
      expect(session.say("windowOpened", { surface, kind: Kind.X11 })).toBe("accepted");
    }
    expect(session.say("windowOpened", { surface: MAX_WINDOWS + 1, kind: Kind.X11 })).toBe("quota");
  });

  it("may be a window for each that was closed, and something else beside the most windows", () => {
    const session = new SurfaceSession();
    for (let surface = 1; surface <= MAX_WINDOWS; surface += 1)
      session.say("windowOpened", { surface, kind: Kind.X11 });
    expect(session.say("subsurfaceOpened", { surface: MAX_WINDOWS + 1, parent: 1 })).toBe("accepted");
    session.say("surfaceClosed", { surface: MAX_WINDOWS + 1 });
    session.say("surfaceClosed", { surface: 1 });
    expect(session.say("windowOpened", { surface: MAX_WINDOWS + 2, kind: Kind.X11 })).toBe("accepted");
    expect(session.say("windowOpened", { surface: MAX_WINDOWS + 3, kind: Kind.X11 })).toBe("quota");
  });

  it("that are closed are known as long as a frame may come for them, and so many at most", () => {
    const session = new SurfaceSession();
    const isKnown = (surface: number): boolean => session.surfaces.findForFrame(surface) !== undefined;
    const closed = (surface: number, credits: number): void => {
      session.say("windowOpened", { surface, kind: Kind.X11 });
      session.surfaces.grant(surface, credits);
      session.say("surfaceClosed", { surface });
    };
    const late = { width: 1, height: 1, scale: 1, format: PixelFormat.XRGB8888, last: true };
    closed(1, 0);
    expect(isKnown(1)).toBe(false);
    closed(2, 2);
    expect([session.say("frame", { ...late, surface: 2, serial: 1 }), isKnown(2)]).toEqual(["dropped", true]);
    expect([session.say("frame", { ...late, surface: 2, serial: 2 }), isKnown(2)]).toEqual(["dropped", false]);
    const first = 3;
    for (let surface = first; surface < first + 4096; surface += 1) closed(surface, 1);
    expect(isKnown(first)).toBe(true);
    closed(first + 4096, 1);
    expect([isKnown(first), isKnown(first + 1), isKnown(first + 4096)]).toEqual([false, true, true]);
  });

  it("have titles up to the limit, cleaned", () => {
    const title = "x".repeat(MAX_TITLE_BYTES);
    expect(new SurfaceSession().say("windowOpened", { surface: 1, kind: Kind.WAYLAND, title })).toBe("accepted");
    expect(new SurfaceSession().say("windowOpened", { surface: 1, kind: Kind.WAYLAND, title: `${title}x` })).toBe(
      "text-too-long",
    );
    const opened = { surface: 1, kind: Kind.WAYLAND, title: "a\u202eb\u0000\u200bc" };
    expect(new SurfaceSession().accept("windowOpened", opened)).toMatchObject({ event: { window: { title: "abc" } } });
  });

  it("have hints of whole cells and shapes, at most as large as a surface, and none where there are none", () => {
    const hintsOf = (hints: object): unknown =>
      new SurfaceSession().accept("windowOpened", { surface: 1, kind: Kind.X11, hints });
    const cells = {
      baseWidth: 2,
      baseHeight: MAX_SIDE_PX,
      stepWidth: 1,
      stepHeight: 19,
      minAspect: null,
      maxAspect: 0.5,
    };
    const wire = { baseWidth: 2, baseHeight: MAX_SIDE_PX + 1, stepHeight: 19, maxAspect: 32_768 };
    expect(hintsOf(wire)).toMatchObject({ event: { window: { hints: { cells } } } });
    const largest = { stepWidth: 0xffff_ffff, minAspect: 0xffff_ffff };
    expect(hintsOf(largest)).toMatchObject({ event: { window: { hints: { cells: { stepWidth: MAX_SIDE_PX } } } } });
    expect(hintsOf({ stepWidth: 1, baseWidth: 9 })).toMatchObject({
      event: { window: { hints: { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null } } },
    });
    expect(JSON.stringify(hintsOf({ stepWidth: 1, baseWidth: 9 }))).not.toContain("cells");
  });

  it("have cells where a step or a shape is asked for", () => {
    const plain = { baseWidth: 0, baseHeight: 0, stepWidth: 1, stepHeight: 1, minAspect: null, maxAspect: null };
    for (const [hints, cells] of [
      [{ stepWidth: 2 }, { ...plain, stepWidth: 2 }],
      [{ stepHeight: 2 }, { ...plain, stepHeight: 2 }],
      [{ minAspect: 65_536 }, { ...plain, minAspect: 1 }],
      [{ maxAspect: 131_072 }, { ...plain, maxAspect: 2 }],
      [{ stepWidth: 1, stepHeight: 1 }, undefined],
    ] as const) {
      const opened = { surface: 1, kind: Kind.X11, hints };
      expect(new SurfaceSession().accept("windowOpened", opened)).toMatchObject({
        event: { window: { hints: cells === undefined ? {} : { cells } } },
      });
      const text = JSON.stringify(new SurfaceSession().accept("windowOpened", opened));
      expect(text.includes("cells")).toBe(cells !== undefined);
    }
  });

  it("are so many at most, and so many may be placed at once", () => {
    const session = withWindow(1);
    for (let surface = 2; surface <= MAX_SURFACES; surface += 1)
      expect(session.say("subsurfaceOpened", { surface, parent: 1 })).toBe("accepted");
    const children = Array.from({ length: MAX_SURFACES }, (_, at) => ({ surface: at + 1 }));
    expect(session.say("childrenPlaced", { parent: 1, children })).toBe("accepted");
    const another = withWindow(1);
    const same = Array.from({ length: MAX_SURFACES + 1 }, () => ({ surface: 1 }));
    expect(another.say("childrenPlaced", { parent: 1, children: same })).toBe("quota");
    expect(session.say("subsurfaceOpened", { surface: MAX_SURFACES + 1, parent: 1 })).toBe("quota");
  });

  it("are retired with all their descendants, children first", () => {
    const session = withWindow(1);
    session.say("popupOpened", {
      surface: 2,
      kind: Kind.WAYLAND,
      parent: 1,
      rect: { x: 0, y: 0, width: 5, height: 5 },
    });
    expect(session.accept("subsurfaceOpened", { surface: 3, parent: 2 })).toEqual({
      event: { type: "subsurfaceOpened", surface: 3, parent: 2 },
      retired: [],
    });
    expect(session.accept("surfaceClosed", { surface: 1 })).toEqual({
      event: { type: "surfaceClosed", surface: 1 },
      retired: [3, 2, 1],
    });
  });

  it("of a popup need a parent that is a window or popup of this VM", () => {
    const rect = { x: 0, y: 0, width: 5, height: 5 };
    expect(withWindow(1).say("popupOpened", { surface: 2, kind: Kind.WAYLAND, parent: 9, rect })).toBe("bad-parent");
    const session = withWindow(1);
    session.say("subsurfaceOpened", { surface: 2, parent: 1 });
    expect(session.say("popupOpened", { surface: 3, kind: Kind.WAYLAND, parent: 2, rect })).toBe("bad-parent");
  });

  it.each([
    ["popupOpened", MAX_POPUP_DEPTH],
    ["subsurfaceOpened", MAX_SUBSURFACE_DEPTH],
  ] as const)("are nested by %s so deep at most", (name, depth) => {
    const session = withWindow(1);
    const rect = { x: 0, y: 0, width: 5, height: 5 };
    const open = (surface: number): string =>
      session.say(name, { surface, parent: surface - 1, kind: Kind.WAYLAND, rect });
    for (let surface = 2; surface <= depth + 1; surface += 1) expect(open(surface)).toBe("accepted");
    expect(open(depth + 2)).toBe("quota");
  });

  it("are placed among their own parent's children only", () => {
    const session = withWindow(1);
    session.say("windowOpened", { surface: 2, kind: Kind.WAYLAND });
    session.say("subsurfaceOpened", { surface: 3, parent: 2 });
    expect(session.say("childrenPlaced", { parent: 1, children: [{ surface: 3 }] })).toBe("bad-parent");
  });
});

describe("a window", () => {
  const opened = { surface: 1, kind: Kind.WAYLAND };
  const windowOf = (fields: object): unknown => new SurfaceSession().accept("windowOpened", { ...opened, ...fields });
  const changeOf = (fields: object): unknown => withWindow(1).accept("windowChanged", { surface: 1, ...fields });

  it("is what its program says, and nothing where it says nothing", () => {
    const none = { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null };
    const plain = {
      surface: 1,
      kind: "wayland",
      pid: null,
      launch: null,
      title: "",
      appId: "",
      parent: null,
      modal: false,
      hints: none,
      clientDecorated: false,
    };
    expect(windowOf({})).toEqual({ event: { type: "windowOpened", window: plain }, retired: [] });
    const said = {
      kind: Kind.X11,
      pid: 7,
      launch: 8,
      title: "t",
      appId: "a\u0007b",
      modal: true,
      hints: { minWidth: 1, minHeight: MAX_SIDE_PX, maxWidth: MAX_SIDE_PX + 1, maxHeight: 4 },
      decoration: Decoration.CLIENT,
    };
    expect(windowOf(said)).toMatchObject({
      event: {
        window: {
          kind: "x11",
          pid: 7,
          launch: 8,
          title: "t",
          appId: "ab",
          modal: true,
          hints: { minWidth: 1, minHeight: MAX_SIDE_PX, maxWidth: MAX_SIDE_PX, maxHeight: 4 },
          clientDecorated: true,
        },
      },
    });
  });

  it("changes in what is said alone", () => {
    const change = (fields: object): unknown => ({
      event: { type: "windowChanged", surface: 1, change: fields },
      retired: [],
    });
    expect(changeOf({})).toStrictEqual(change({}));
    expect(changeOf({ title: "\u0000t" })).toStrictEqual(change({ title: "t" }));
    expect(changeOf({ appId: "a\u0007" })).toStrictEqual(change({ appId: "a" }));
    expect(changeOf({ parent: 0 })).toStrictEqual(change({ parent: null }));
    expect(changeOf({ modal: false })).toStrictEqual(change({ modal: false }));
    expect(changeOf({ hints: { minWidth: 5 } })).toStrictEqual(
      change({ hints: { minWidth: 5, minHeight: null, maxWidth: null, maxHeight: null } }),
    );
    expect(changeOf({ decoration: Decoration.CLIENT })).toStrictEqual(change({ clientDecorated: true }));
    expect(changeOf({ decoration: Decoration.SERVER })).toStrictEqual(change({ clientDecorated: false }));
  });

  it("has a window as its parent, or none where that is gone", () => {
    const session = withWindow(1);
    session.say("subsurfaceOpened", { surface: 2, parent: 1 });
    expect(session.accept("windowOpened", { ...opened, surface: 3, parent: 1 })).toMatchObject({
      event: { window: { parent: 1 } },
    });
    expect(session.accept("windowChanged", { surface: 3, parent: 99 })).toMatchObject({
      event: { change: { parent: null } },
    });
    expect(session.say("windowOpened", { ...opened, surface: 4, parent: 2 })).toBe("bad-parent");
  });

  it.each([
    [WireRequest.MAXIMIZE, "maximize"],
    [WireRequest.UNMAXIMIZE, "unmaximize"],
    [WireRequest.FULLSCREEN, "fullscreen"],
    [WireRequest.UNFULLSCREEN, "unfullscreen"],
    [WireRequest.MINIMIZE, "minimize"],
    [WireRequest.UNMINIMIZE, "unminimize"],
    [WireRequest.ACTIVATE, "activate"],
    [WireRequest.RAISE, "raise"],
    [WireRequest.ATTENTION, "attention"],
    [WireRequest.MOVE, "move"],
  ])("asks by the number %i for %s", (request, kind) => {
    const event = { type: "windowRequested", surface: 1, request: { kind } };
    expect(withWindow(1).accept("windowRequested", { surface: 1, request })).toEqual({ event, retired: [] });
  });

  it("is resized by the edges that it names, one at least", () => {
    const none = { top: false, bottom: false, left: false, right: false };
    const resize = (edges: number): object => ({ surface: 1, request: WireRequest.RESIZE, edges });
    for (const [edges, named] of [
      [Edge.TOP, { top: true }],
      [Edge.BOTTOM, { bottom: true }],
      [Edge.LEFT, { left: true }],
      [Edge.RIGHT, { right: true }],
      [Edge.TOP | Edge.BOTTOM | Edge.LEFT | Edge.RIGHT, { top: true, bottom: true, left: true, right: true }],
    ] as const)
      expect(withWindow(1).accept("windowRequested", resize(edges))).toMatchObject({
        event: { request: { kind: "resize", edges: { ...none, ...named } } },
      });
    expect(withWindow(1).say("windowRequested", resize(0))).toBe("number-out-of-range");
    expect(withWindow(1).say("windowRequested", resize(16))).toBe("number-out-of-range");
  });

  it("asks for nothing else, and only a window does", () => {
    expect(withWindow(1).say("windowRequested", { surface: 1, request: 99 as WireRequest })).toBe(
      "number-out-of-range",
    );
    const session = withWindow(1);
    session.say("subsurfaceOpened", { surface: 2, parent: 1 });
    expect(session.say("windowRequested", { surface: 2, request: WireRequest.MOVE })).toBe("wrong-role");
  });
});

describe("what belongs to a window", () => {
  const rect = { x: -MAX_COORDINATE, y: MAX_COORDINATE, width: 1, height: MAX_SIDE_PX };
  const popup = { surface: 2, kind: Kind.WAYLAND, parent: 1, rect, grab: true };

  it("is a popup at its place", () => {
    const session = withWindow(1);
    expect(session.accept("popupOpened", popup)).toEqual({
      event: { type: "popupOpened", popup: { ...popup, kind: "wayland" } },
      retired: [],
    });
    const moved = { x: 1, y: 2, width: 3, height: 4 };
    expect(session.accept("popupMoved", { surface: 2, rect: moved })).toEqual({
      event: { type: "popupMoved", surface: 2, rect: moved },
      retired: [],
    });
    expect(session.say("popupMoved", { surface: 1, rect: moved })).toBe("wrong-role");
  });

  it.each([
    ["left of all", { x: -MAX_COORDINATE - 1 }],
    ["below all", { y: MAX_COORDINATE + 1 }],
    ["without width", { width: 0 }],
    ["without height", { height: 0 }],
    ["too wide", { width: MAX_SIDE_PX + 1 }],
    ["too high", { height: MAX_SIDE_PX + 1 }],
  ])("is no popup %s", (_what, change) => {
    expect(withWindow(1).say("popupOpened", { ...popup, rect: { ...rect, ...change } })).toBe("number-out-of-range");
  });

  it("is no popup without a place, or of a kind that is none", () => {
    const { rect: _, ...without } = popup;
    expect(withWindow(1).say("popupOpened", without)).toBe("number-out-of-range");
    expect(withWindow(1).say("popupOpened", { ...popup, kind: 9 as Kind })).toBe("number-out-of-range");
  });

  it("is placed with what it lies on, each once", () => {
    const session = withWindow(1);
    session.say("subsurfaceOpened", { surface: 2, parent: 1 });
    const children = [{ surface: 2, x: -MAX_COORDINATE, y: MAX_COORDINATE }, { surface: 1 }];
    expect(session.accept("childrenPlaced", { parent: 1, children })).toEqual({
      event: { type: "childrenPlaced", parent: 1, children: [children[0], { surface: 1, x: 0, y: 0 }] },
      retired: [],
    });
    expect(session.say("childrenPlaced", { parent: 1, children: [{ surface: 2 }, { surface: 2 }] })).toBe("bad-parent");
  });

  it.each([
    { x: -MAX_COORDINATE - 1 },
    { x: MAX_COORDINATE + 1 },
    { y: -MAX_COORDINATE - 1 },
    { y: MAX_COORDINATE + 1 },
  ])("is not placed beyond all places: %o", (place) => {
    const children = [{ surface: 1, ...place }];
    expect(withWindow(1).say("childrenPlaced", { parent: 1, children })).toBe("number-out-of-range");
  });
});

describe("cursors", () => {
  const bitmap = { width: 3, height: 2, hotX: 2, hotY: 1, scale: 1 };
  const cursorOf = (change: Partial<typeof bitmap>) => ({
    cursor: { case: "bitmap" as const, value: { ...bitmap, ...change } },
  });
  const say = (change: Partial<typeof bitmap>, payloadBytes = 24): string =>
    new SurfaceSession().say("cursorChanged", cursorOf(change), new Uint8Array(payloadBytes));

  it("are a name, or pixels with a hot spot in them", () => {
    const image = new SurfaceSession().accept("cursorChanged", cursorOf({}), new Uint8Array(24));
    expect(image).toMatchObject({ event: { cursor: { kind: "bitmap", ...bitmap } } });
    const shape = { cursor: { case: "shape" as const, value: "text" } };
    expect(new SurfaceSession().accept("cursorChanged", shape)).toMatchObject({ event: { cursor: { name: "text" } } });
    const side = MAX_CURSOR_SIDE_PX;
    expect(say({ width: side, height: side }, side * side * 4)).toBe("accepted");
  });

  it.each([
    ["no width", { width: 0 }, 0],
    ["a side above the limit", { width: MAX_CURSOR_SIDE_PX + 1, height: 1, hotY: 0 }, (MAX_CURSOR_SIDE_PX + 1) * 4],
    ["65535 x 65535", { width: 65_535, height: 65_535 }, 0],
    ["a hot spot right of it", { hotX: 3 }, 24],
    ["a hot spot below it", { hotY: 2 }, 24],
    ["a hot spot far away", { hotX: 0xffff_ffff }, 24],
    ["a scale of nothing", { scale: 0 }, 24],
    ["a scale above the limit", { scale: 5 }, 24],
  ])("are refused with %s", (_what, change, bytes) => {
    expect(say(change, bytes)).toBe("number-out-of-range");
  });

  it("are raw pixels and nothing else: no encoding was agreed on for them", () => {
    for (const bytes of [0, 12, 23, 25, 48]) expect(say({}, bytes), `${bytes}`).toBe("bad-pixels");
  });

  it("of neither kind, with too long a name, or a name and bytes, are refused", () => {
    expect(new SurfaceSession().say("cursorChanged", {})).toBe("number-out-of-range");
    const shape = (value: string, bytes = 0): string =>
      new SurfaceSession().say("cursorChanged", { cursor: { case: "shape", value } }, new Uint8Array(bytes));
    expect(shape("x".repeat(65))).toBe("text-too-long");
    expect(shape("text", 4)).toBe("unexpected-payload");
  });
});
