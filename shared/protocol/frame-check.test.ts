import { describe, expect, it } from "vitest";
import type { Rect } from "../model/window.ts";
import { SurfaceSession } from "../testing/surface-session.ts";
import { Encoding, Kind, PixelFormat } from "./gen/atoll_pb.ts";
import {
  MAX_COORDINATE,
  MAX_DAMAGE_RECTS,
  MAX_FRAME_PARTS,
  MAX_OPEN_CREDITS,
  MAX_SCALE,
  MAX_SIDE_PX,
  maxFrameRects,
} from "./limits.ts";

const frame = { surface: 1, serial: 1, width: 2, height: 1, scale: 1, format: PixelFormat.XRGB8888, last: true };
const damage = [{ x: 0, y: 0, width: 2, height: 1, encoding: Encoding.RAW, size: 8 }];
const pixels = new Uint8Array(8);
/** Of 512 columns a rectangle of 512 rows is the largest. */
const PAGE = { width: 512, height: 600 };
const PAGE_DAMAGE = { x: 0, y: 0, width: 512, height: 512, size: 8 };

function withWindow(surface = 1): SurfaceSession {
  const session = new SurfaceSession();
  session.say("windowOpened", { surface, kind: Kind.WAYLAND });
  return session;
}

/** The most rectangles that changed tiles can be: no two of them touch. @see agents/linux/src/tiles.rs */
function everyOtherTile(width: number, height: number): Rect[] {
  const rects: Rect[] = [];
  for (let y = 0, row = 0; y < height; y += 32, row += 1) {
    for (let x = (row % 2) * 64; x < width; x += 128)
      rects.push({ x, y, width: Math.min(64, width - x), height: Math.min(32, height - y) });
  }
  return rects.length === 0 ? [{ x: 0, y: 0, width, height }] : rects;
}

function everyDot(width: number, height: number): Rect[] {
  return Array.from({ length: width * height }, (_, at) => {
    return { x: at % width, y: Math.floor(at / width), width: 1, height: 1 };
  });
}

/** A rectangle as it is cut before it is compressed. @see agents/linux/src/encoding.rs */
function bands({ x, y, width, height }: Rect): Rect[] {
  const fitting = Math.max(1, Math.floor((256 * 1024) / (width * 4)));
  const rows = fitting > 32 ? fitting - (fitting % 32) : fitting;
  return Array.from({ length: Math.ceil(height / rows) }, (_, at) => {
    return { x, y: y + at * rows, width, height: Math.min(rows, height - at * rows) };
  });
}

describe("frames", () => {
  function granted(count = 1): SurfaceSession {
    const session = withWindow(1);
    session.surfaces.grant(1, count);
    return session;
  }

  it("need a credit each", () => {
    expect(withWindow(1).say("frame", { ...frame, damage }, pixels)).toBe("no-credit");
    const session = granted(1);
    expect(session.say("frame", { ...frame, damage }, pixels)).toBe("accepted");
    expect(session.say("frame", { ...frame, serial: 2, damage }, pixels)).toBe("no-credit");
  });

  it("of several messages need one credit and keep serial and size", () => {
    const session = granted(1);
    expect(session.say("frame", { ...frame, damage, last: false }, pixels)).toBe("accepted");
    expect(session.say("frame", { ...frame, damage }, pixels)).toBe("accepted");
    for (const change of [{ serial: 2 }, { width: 3 }, { height: 2 }]) {
      const changed = granted(2);
      changed.say("frame", { ...frame, damage, last: false }, pixels);
      expect(changed.say("frame", { ...frame, damage, ...change }, pixels)).toBe("bad-frame");
    }
  });

  it("have as many bytes as their rectangles, whatever their shape", () => {
    const tall = { ...frame, width: 3, height: 4 };
    const rect = { x: 0, y: 0, width: 3, height: 4, encoding: Encoding.RAW };
    for (const [size, outcome] of [
      [48, "accepted"],
      [3, "bad-frame"],
      [44, "bad-frame"],
      [52, "bad-frame"],
    ] as const)
      expect(granted().say("frame", { ...tall, damage: [{ ...rect, size }] }, new Uint8Array(size))).toBe(outcome);
  });

  it("have serials that rise, by any step", () => {
    const session = granted(4);
    expect(session.say("frame", { ...frame, serial: 7, damage }, pixels)).toBe("accepted");
    expect(session.say("frame", { ...frame, serial: 9, damage }, pixels)).toBe("accepted");
    expect(session.say("frame", { ...frame, serial: 9, damage }, pixels)).toBe("bad-frame");
    expect(granted(1).say("frame", { ...frame, serial: 0, damage }, pixels)).toBe("bad-frame");
  });

  it("are made of so many messages at most", () => {
    const session = granted(1);
    const part = { ...frame, damage: [], last: false };
    for (let at = 1; at < MAX_FRAME_PARTS; at += 1) session.say("frame", part);
    expect(session.say("frame", part)).toBe("accepted");
    expect(session.say("frame", part)).toBe("quota");
  });

  it("have so many bytes at most, over all of their messages", () => {
    // A block of a pixel is 20 bytes at most, so that 129 pixels could be twice 2580: more than 129 * 4 * 2 + 4096.
    const session = granted(1);
    const blocks = everyDot(129, 1).map((rect) => ({ ...rect, encoding: Encoding.LZ4 }));
    const say = (size: number, count: number): string => {
      const damage = blocks.slice(0, count).map((block) => ({ ...block, size }));
      return session.say("frame", { ...frame, width: 129, damage, last: false }, new Uint8Array(count * size));
    };
    expect([say(20, 129), say(20, 127), say(8, 1), say(1, 1)]).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "bad-frame",
    ]);
  });

  it.each([0, 1, 8, 9])("are refused with a payload of %i bytes, where their rectangles name others", (bytes) => {
    const named = bytes === 8 ? [...damage, ...damage] : damage;
    expect(granted(1).say("frame", { ...frame, damage: named }, new Uint8Array(bytes))).toBe("bad-frame");
  });

  it.each([
    [1, 20],
    [64, 64 * 4 + 1 + 16],
    [512, 512 * 4 + 8 + 16],
  ])("of %i pixels have compressed rectangles of %i bytes at most, and of one at least", (width, most) => {
    const say = (size: number): string =>
      granted(1).say(
        "frame",
        { ...frame, width, damage: [{ x: 0, y: 0, width, height: 1, encoding: Encoding.LZ4, size }] },
        new Uint8Array(size),
      );
    expect([0, 1, most, most + 1].map(say)).toEqual(["bad-frame", "accepted", "accepted", "bad-frame"]);
  });

  it("have so many rectangles at most in one message", () => {
    const rects = (count: number): Rect[] => everyDot(128, 64).slice(0, count);
    const say = (count: number): string =>
      granted(1).say(
        "frame",
        {
          ...frame,
          width: 128,
          height: 64,
          damage: rects(count).map((rect) => ({ ...rect, encoding: Encoding.SOLID, size: 4 })),
        },
        new Uint8Array(count * 4),
      );
    expect([MAX_DAMAGE_RECTS, MAX_DAMAGE_RECTS + 1].map(say)).toEqual(["accepted", "quota"]);
  });

  it.each([
    [{ viewportWidth: 0, viewportHeight: 0, scale: 1 }, 5, 3],
    [{ viewportWidth: 0, viewportHeight: 0, scale: 2 }, 3, 2],
    [{ viewportWidth: 0, viewportHeight: 0, scale: MAX_SCALE }, 1, 1],
    [{ viewportWidth: 7, viewportHeight: 0, scale: 2 }, 7, 2],
    [{ viewportWidth: 0, viewportHeight: MAX_SIDE_PX, scale: 2 }, 3, MAX_SIDE_PX],
  ])("of 5 x 3 pixels with %j are shown in %i x %i", (change, logicalWidth, logicalHeight) => {
    const accepted = granted(1).accept("frame", { ...frame, width: 5, height: 3, damage: [], ...change });
    expect(accepted).toMatchObject({ width: 5, height: 3, logicalWidth, logicalHeight, scale: change.scale });
  });

  it("of a pixel are shown at least as large as one", () => {
    const accepted = granted(1).accept("frame", { ...frame, width: 1, height: 1, scale: MAX_SCALE, damage: [] });
    expect(accepted).toMatchObject({ logicalWidth: 1, logicalHeight: 1 });
  });

  it("are passed on as they are", () => {
    const edge = { x: -MAX_COORDINATE, y: MAX_COORDINATE, width: 1, height: MAX_SIDE_PX };
    const other = { ...frame, format: PixelFormat.ARGB8888, configureSerial: 6, last: false };
    const session = granted(2);
    const accepted = session.accept("frame", { ...other, damage, geometry: edge }, pixels);
    const raw = { x: 0, y: 0, width: 2, height: 1, encoding: "raw", size: 8 };
    expect(accepted).toEqual({
      type: "frame",
      surface: 1,
      serial: 1,
      width: 2,
      height: 1,
      scale: 1,
      logicalWidth: 2,
      logicalHeight: 1,
      geometry: edge,
      opaque: false,
      configureSerial: 6,
      damage: [raw],
      last: false,
      payload: pixels,
    });
    const solid = [{ ...damage[0], encoding: Encoding.SOLID, size: 4 }];
    const otherEdge = { x: MAX_COORDINATE, y: -MAX_COORDINATE, width: MAX_SIDE_PX, height: 1 };
    const rest = { ...frame, damage: solid, geometry: otherEdge };
    expect(session.accept("frame", rest, new Uint8Array(4))).toMatchObject({
      geometry: otherEdge,
      opaque: true,
      last: true,
      damage: [{ encoding: "solid" }],
    });
  });

  it("of a retired surface are dropped, and its credit ends", () => {
    const session = granted(1);
    session.say("surfaceClosed", { surface: 1 });
    expect(session.say("frame", { ...frame, damage }, pixels)).toBe("dropped");
    expect(session.say("frame", { ...frame, serial: 2, damage }, pixels)).toBe("no-credit");
  });

  it.each([
    ["a size of nothing", { width: 0 }, "number-out-of-range"],
    ["a side above the limit", { width: MAX_SIDE_PX + 1 }, "number-out-of-range"],
    ["65535 x 65535", { width: 65_535, height: 65_535 }, "number-out-of-range"],
    ["an area above the limit", { width: MAX_SIDE_PX, height: MAX_SIDE_PX }, "bad-frame"],
    ["damage outside of it", { damage: [{ ...damage[0], x: 1 }] }, "bad-frame"],
    ["damage below it", { damage: [{ ...damage[0], y: 1 }] }, "bad-frame"],
    ["damage without width", { damage: [...damage, { ...damage[0], width: 0, size: 0 }] }, "bad-frame"],
    ["damage without height", { damage: [...damage, { ...damage[0], height: 0, size: 0 }] }, "bad-frame"],
    ["a height of nothing", { height: 0 }, "number-out-of-range"],
    ["a height above the limit", { height: MAX_SIDE_PX + 1 }, "number-out-of-range"],
    ["no scale", { scale: 0 }, "number-out-of-range"],
    ["a scale above the limit", { scale: MAX_SCALE + 1 }, "number-out-of-range"],
    ["a viewport above the limit", { viewportWidth: MAX_SIDE_PX + 1 }, "number-out-of-range"],
    ["a geometry of nothing", { geometry: { width: 0, height: 1 } }, "number-out-of-range"],
    ["a geometry too far out", { geometry: { x: MAX_COORDINATE + 1, width: 1, height: 1 } }, "number-out-of-range"],
    ["a raw rectangle with a byte too many", { damage: [{ ...damage[0], size: 9 }] }, "bad-frame"],
    ["damage that wraps around 32 bits", { damage: [{ ...damage[0], x: 0xffff_ffff }] }, "bad-frame"],
    ["a raw rectangle of another length", { damage: [{ ...damage[0], size: 4 }] }, "bad-frame"],
    ["a solid rectangle of more than a pixel", { damage: [{ ...damage[0], encoding: Encoding.SOLID }] }, "bad-frame"],
    [
      "a rectangle that decodes to more than one step may take",
      { ...PAGE, damage: [{ ...PAGE_DAMAGE, height: 513, encoding: Encoding.LZ4 }] },
      "bad-frame",
    ],
    ["an encoding nobody knows", { damage: [{ ...damage[0], encoding: 0 }] }, "bad-frame"],
    ["a format nobody knows", { format: 0 }, "bad-frame"],
    ["no damage but bytes", { damage: [] }, "bad-frame"],
  ])("are refused with %s", (_what, change, code) => {
    expect(granted(1).say("frame", { ...frame, damage, ...change }, pixels)).toBe(code);
  });

  it.each([
    ["the largest rectangle that may be compressed", { damage: [{ ...PAGE_DAMAGE, encoding: Encoding.LZ4 }] }],
    ["a larger one of one colour", { damage: [{ ...PAGE_DAMAGE, height: 600, encoding: Encoding.SOLID, size: 4 }] }],
  ])("are accepted with %s", (_what, change) => {
    const bytes = new Uint8Array(change.damage[0]?.size ?? 0);
    expect(granted(1).say("frame", { ...frame, ...PAGE, ...change }, bytes)).toBe("accepted");
  });

  /** The parts of a frame of one-byte rectangles; the code of the first that is refused, or of the last. */
  function sendParts(width: number, height: number, rects: Rect[]): string {
    const session = granted(1);
    let code = "";
    for (let at = 0; at < rects.length && code !== "bad-frame" && code !== "quota"; at += MAX_DAMAGE_RECTS) {
      const damage = rects
        .slice(at, at + MAX_DAMAGE_RECTS)
        .map((rect) => ({ ...rect, encoding: Encoding.LZ4, size: 1 }));
      const last = at + MAX_DAMAGE_RECTS >= rects.length;
      code = session.say("frame", { ...frame, width, height, damage, last }, new Uint8Array(damage.length));
    }
    return code;
  }

  it("cover a frame twice at most, over all of their messages", () => {
    const row = (y: number): Rect => ({ x: 0, y, width: 100, height: 1 });
    const twice = [...Array(200).keys()].map((at) => row(at % 100));
    expect(sendParts(100, 100, twice)).toBe("accepted");
    expect(sendParts(100, 100, [...twice, row(0)])).toBe("bad-frame");
    // LZ4 packs 255 to one: few bytes may be many pixels.
    const whole = { x: 0, y: 0, width: 128, height: 128 };
    expect(sendParts(128, 128, [whole, whole, whole])).toBe("bad-frame");
  });

  it("have so many rectangles at most, over all of their messages", () => {
    const dot = (at: number): Rect => ({ x: at % 128, y: Math.floor(at / 128), width: 1, height: 1 });
    const most = [...Array(maxFrameRects(128 * 64)).keys()].map(dot);
    expect(sendParts(128, 64, most)).toBe("accepted");
    expect(sendParts(128, 64, [...most, dot(most.length)])).toBe("quota");
  });

  it.each([
    [8192, 4320],
    [4320, 8192],
    [8192, 1],
    [1, 8192],
    [8192, 33],
    [129, 8192],
    [65, 33],
    [1920, 1080],
    [1, 1],
  ])("of %i x %i pixels are accepted with as many rectangles as an agent may have", (width, height) => {
    expect(sendParts(width, height, everyOtherTile(width, height))).toBe("accepted");
    expect(sendParts(width, height, bands({ x: 0, y: 0, width, height }))).toBe("accepted");
  });

  it.each([4, 255, 0x7fff_ffff])("are refused with encoding %i: only what was agreed on", (encoding) => {
    const change = { damage: [{ ...damage[0], encoding }] };
    expect(granted(1).say("frame", { ...frame, ...change }, pixels)).toBe("bad-frame");
  });

  it("have at most so many open credits", () => {
    const session = withWindow(1);
    expect(session.surfaces.grant(1, 100)).toBe(MAX_OPEN_CREDITS);
    expect(session.surfaces.grant(2, 1)).toBe(0);
  });
});
