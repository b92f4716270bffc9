import { describe, expect, it } from "vitest";
import { SurfaceSession } from "../testing/surface-session.ts";
import { Kind, PixelFormat } from "./gen/atoll_pb.ts";
import {
  MAX_CURSOR_SIDE_PX,
  MAX_POPUP_DEPTH,
  MAX_SIDE_PX,
  MAX_SUBSURFACE_DEPTH,
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
    expect(session.surfaces.windowCount).toBe(MAX_WINDOWS - 1);
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

  it("are retired with all their descendants, children first", () => {
    const session = withWindow(1);
    session.say("popupOpened", {
      surface: 2,
      kind: Kind.WAYLAND,
      parent: 1,
      rect: { x: 0, y: 0, width: 5, height: 5 },
    });
    session.say("subsurfaceOpened", { surface: 3, parent: 2 });
    expect(session.accept("surfaceClosed", { surface: 1 })).toMatchObject({ retired: [3, 2, 1] });
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
