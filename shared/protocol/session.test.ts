import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import { PORTS, type PortName, ROUTES } from "./directions.ts";
import { Encoding, FailureCode, Kind, PixelFormat } from "./gen/atoll_pb.ts";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "./header.ts";
import type { Rect } from "../model/window.ts";
import {
  MAX_DAMAGE_RECTS,
  MAX_CURSOR_SIDE_PX,
  MAX_OPEN_CREDITS,
  MAX_POPUP_DEPTH,
  MAX_SIDE_PX,
  MAX_SUBSURFACE_DEPTH,
  MAX_TITLE_BYTES,
  MAX_WINDOWS,
  maxPictureRects,
} from "./limits.ts";
import { PROTOCOL_MAJOR, Session, type SessionResult } from "./session.ts";

const NO_BYTES = new Uint8Array(0);
const bootId = new Uint8Array(16);

function say<Name extends WireMessageName>(
  session: Session,
  name: Name,
  value: WireMessageInit<Name>,
  payload = NO_BYTES,
  port: PortName = ROUTES[name].port,
): SessionResult {
  return session.accept(port, encodeHeader(name, value), payload);
}

function openSession(): Session {
  const session = new Session();
  expect(say(session, "hello", { major: PROTOCOL_MAJOR, bootId }).kind).toBe("event");
  return session;
}

function withWindow(surface = 1): Session {
  const session = openSession();
  say(session, "windowOpened", { surface, kind: Kind.WAYLAND });
  return session;
}

function codeOf(result: SessionResult): string {
  return result.kind === "violation" ? result.violation.code : result.kind;
}

const frame = { surface: 1, serial: 1, width: 2, height: 1, scale: 1, format: PixelFormat.XRGB8888, last: true };
const damage = [{ x: 0, y: 0, width: 2, height: 1, encoding: Encoding.RAW, size: 8 }];
const pixels = new Uint8Array(8);

describe("opening", () => {
  it("accepts hello first and nothing before it", () => {
    expect(codeOf(say(new Session(), "windowOpened", { surface: 1 }))).toBe("wrong-state");
    expect(codeOf(say(openSession(), "hello", { major: PROTOCOL_MAJOR, bootId }))).toBe("wrong-state");
  });

  it("refuses another major version", () => {
    expect(codeOf(say(new Session(), "hello", { major: PROTOCOL_MAJOR + 1, bootId }))).toBe("wrong-version");
  });

  it("hears nothing more after a violation", () => {
    const session = openSession();
    say(session, "surfaceClosed", { surface: 5 });
    expect(session.isOpen).toBe(false);
    expect(say(session, "windowOpened", { surface: 1, kind: Kind.WAYLAND }).kind).toBe("nothing");
  });

  it("skips a message of a newer minor version", () => {
    expect(openSession().accept("control", Uint8Array.of(0xfa, 0x3f, 0x00), NO_BYTES).kind).toBe("unknown");
  });

  it("refuses a header that is no protobuf", () => {
    expect(codeOf(openSession().accept("control", Uint8Array.of(0xff, 0xff), NO_BYTES))).toBe("header-malformed");
  });
});

describe("routes", () => {
  const names = Object.keys(ROUTES) as WireMessageName[];
  it.each(names.filter((name) => ROUTES[name].direction === "to-agent"))("%s is the host's to say", (name) => {
    expect(codeOf(say(openSession(), name, {}))).toBe("wrong-direction");
  });

  it.each(names.filter((name) => ROUTES[name].direction !== "to-agent"))(
    "%s is refused on every other port",
    (name) => {
      for (const port of PORTS.filter((other) => other !== ROUTES[name].port)) {
        expect(codeOf(say(openSession(), name, {}, NO_BYTES, port))).toBe("wrong-port");
      }
    },
  );

  it.each(names.filter((name) => ROUTES[name].direction !== "to-agent" && !ROUTES[name].payload))(
    "%s carries no payload",
    (name) => {
      expect(codeOf(say(openSession(), name, {}, Uint8Array.of(1)))).toBe("unexpected-payload");
    },
  );
});

describe("surfaces", () => {
  it("never come back", () => {
    const session = withWindow(7);
    say(session, "surfaceClosed", { surface: 7 });
    expect(codeOf(say(session, "windowOpened", { surface: 7, kind: Kind.WAYLAND }))).toBe("surface-reused");
  });

  it("are at most so many windows", () => {
    const session = openSession();
    for (let surface = 1; surface <= MAX_WINDOWS; surface += 1) {
      expect(say(session, "windowOpened", { surface, kind: Kind.X11 }).kind).toBe("event");
    }
    expect(codeOf(say(session, "windowOpened", { surface: MAX_WINDOWS + 1, kind: Kind.X11 }))).toBe("quota");
  });

  it("have titles up to the limit, cleaned", () => {
    const title = "x".repeat(MAX_TITLE_BYTES);
    expect(say(openSession(), "windowOpened", { surface: 1, kind: Kind.WAYLAND, title }).kind).toBe("event");
    expect(codeOf(say(openSession(), "windowOpened", { surface: 1, kind: Kind.WAYLAND, title: `${title}x` }))).toBe(
      "text-too-long",
    );
    const result = say(openSession(), "windowOpened", {
      surface: 1,
      kind: Kind.WAYLAND,
      title: "a\u202eb\u0000\u200bc",
    });
    expect(result).toMatchObject({ event: { event: { window: { title: "abc" } } } });
  });

  it("are retired with all that stand on them, children first", () => {
    const session = withWindow(1);
    say(session, "popupOpened", {
      surface: 2,
      kind: Kind.WAYLAND,
      parent: 1,
      rect: { x: 0, y: 0, width: 5, height: 5 },
    });
    say(session, "subsurfaceOpened", { surface: 3, parent: 2 });
    expect(say(session, "surfaceClosed", { surface: 1 })).toMatchObject({
      event: { type: "retired", surfaces: [3, 2, 1] },
    });
  });

  it("of a popup need a parent that is a window or popup of this VM", () => {
    const rect = { x: 0, y: 0, width: 5, height: 5 };
    expect(codeOf(say(withWindow(1), "popupOpened", { surface: 2, kind: Kind.WAYLAND, parent: 9, rect }))).toBe(
      "bad-parent",
    );
    const session = withWindow(1);
    say(session, "subsurfaceOpened", { surface: 2, parent: 1 });
    expect(codeOf(say(session, "popupOpened", { surface: 3, kind: Kind.WAYLAND, parent: 2, rect }))).toBe("bad-parent");
  });

  it.each([
    ["popupOpened", MAX_POPUP_DEPTH],
    ["subsurfaceOpened", MAX_SUBSURFACE_DEPTH],
  ] as const)("are nested by %s so deep at most", (name, depth) => {
    const session = withWindow(1);
    const rect = { x: 0, y: 0, width: 5, height: 5 };
    const open = (surface: number): string =>
      codeOf(say(session, name, { surface, parent: surface - 1, kind: Kind.WAYLAND, rect }));
    for (let surface = 2; surface <= depth + 1; surface += 1) expect(open(surface)).toBe("event");
    expect(open(depth + 2)).toBe("quota");
  });

  it("are placed among their own parent's children only", () => {
    const session = withWindow(1);
    say(session, "windowOpened", { surface: 2, kind: Kind.WAYLAND });
    say(session, "subsurfaceOpened", { surface: 3, parent: 2 });
    expect(codeOf(say(session, "childrenPlaced", { parent: 1, children: [{ surface: 3 }] }))).toBe("bad-parent");
  });
});

/** The most rectangles that changed tiles can be: no two of them touch. @see agents/linux/src/tiles.rs */
function everyOtherTile(width: number, height: number): Rect[] {
  const rects: Rect[] = [];
  for (let y = 0, row = 0; y < height; y += 32, row += 1) {
    for (let x = (row % 2) * 64; x < width; x += 128)
      rects.push({ x, y, width: Math.min(64, width - x), height: Math.min(32, height - y) });
  }
  return rects.length === 0 ? [{ x: 0, y: 0, width, height }] : rects;
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
  function granted(count = 1): Session {
    const session = withWindow(1);
    session.surfaces.grant(1, count);
    return session;
  }

  it("need a credit each", () => {
    expect(codeOf(say(withWindow(1), "frame", { ...frame, damage }, pixels))).toBe("no-credit");
    const session = granted(1);
    expect(say(session, "frame", { ...frame, damage }, pixels).kind).toBe("event");
    expect(codeOf(say(session, "frame", { ...frame, serial: 2, damage }, pixels))).toBe("no-credit");
  });

  it("of several messages need one credit and keep serial and size", () => {
    const session = granted(1);
    expect(say(session, "frame", { ...frame, damage, last: false }, pixels).kind).toBe("event");
    expect(say(session, "frame", { ...frame, damage }, pixels).kind).toBe("event");
    const changed = granted(2);
    say(changed, "frame", { ...frame, damage, last: false }, pixels);
    expect(codeOf(say(changed, "frame", { ...frame, serial: 2, damage }, pixels))).toBe("bad-frame");
  });

  it("of a retired surface are dropped, and its credit ends", () => {
    const session = granted(1);
    say(session, "surfaceClosed", { surface: 1 });
    expect(say(session, "frame", { ...frame, damage }, pixels).kind).toBe("nothing");
    expect(codeOf(say(session, "frame", { ...frame, serial: 2, damage }, pixels))).toBe("no-credit");
  });

  it.each([
    ["a size of nothing", { width: 0 }, "number-out-of-range"],
    ["a side above the limit", { width: MAX_SIDE_PX + 1 }, "number-out-of-range"],
    ["65535 x 65535", { width: 65_535, height: 65_535 }, "number-out-of-range"],
    ["an area above the limit", { width: MAX_SIDE_PX, height: MAX_SIDE_PX }, "bad-frame"],
    ["damage outside of it", { damage: [{ ...damage[0], x: 1 }] }, "bad-frame"],
    ["damage that wraps around 32 bits", { damage: [{ ...damage[0], x: 0xffff_ffff }] }, "bad-frame"],
    ["a raw rectangle of another length", { damage: [{ ...damage[0], size: 4 }] }, "bad-frame"],
    ["a solid rectangle of more than a pixel", { damage: [{ ...damage[0], encoding: Encoding.SOLID }] }, "bad-frame"],
    ["an encoding nobody knows", { damage: [{ ...damage[0], encoding: 0 }] }, "bad-frame"],
    ["a format nobody knows", { format: 0 }, "bad-frame"],
    ["no damage but bytes", { damage: [] }, "bad-frame"],
  ])("are refused with %s", (_what, change, code) => {
    expect(codeOf(say(granted(1), "frame", { ...frame, damage, ...change }, pixels))).toBe(code);
  });

  /** The parts of a picture of one-byte rectangles; the code of the first that is refused, or of the last. */
  function sendParts(width: number, height: number, rects: Rect[]): string {
    const session = granted(1);
    let code = "";
    for (let at = 0; at < rects.length && code !== "bad-frame" && code !== "quota"; at += MAX_DAMAGE_RECTS) {
      const damage = rects
        .slice(at, at + MAX_DAMAGE_RECTS)
        .map((rect) => ({ ...rect, encoding: Encoding.LZ4, size: 1 }));
      const last = at + MAX_DAMAGE_RECTS >= rects.length;
      const result = say(session, "frame", { ...frame, width, height, damage, last }, new Uint8Array(damage.length));
      code = codeOf(result);
    }
    return code;
  }

  it("cover a picture twice at most, over all of their messages", () => {
    const row = (y: number): Rect => ({ x: 0, y, width: 100, height: 1 });
    const twice = [...Array(200).keys()].map((at) => row(at % 100));
    expect(sendParts(100, 100, twice)).toBe("event");
    expect(sendParts(100, 100, [...twice, row(0)])).toBe("bad-frame");
    // LZ4 packs 255 to one: few bytes may be many pixels.
    const whole = { x: 0, y: 0, width: 128, height: 128 };
    expect(sendParts(128, 128, [whole, whole, whole])).toBe("bad-frame");
  });

  it("have so many rectangles at most, over all of their messages", () => {
    const dot = (at: number): Rect => ({ x: at % 128, y: Math.floor(at / 128), width: 1, height: 1 });
    const most = [...Array(maxPictureRects(128 * 64)).keys()].map(dot);
    expect(sendParts(128, 64, most)).toBe("event");
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
    expect(sendParts(width, height, everyOtherTile(width, height))).toBe("event");
    expect(sendParts(width, height, bands({ x: 0, y: 0, width, height }))).toBe("event");
  });

  it.each([4, 255, 0x7fff_ffff])("are refused with encoding %i: only what was agreed on", (encoding) => {
    const change = { damage: [{ ...damage[0], encoding }] };
    expect(codeOf(say(granted(1), "frame", { ...frame, ...change }, pixels))).toBe("bad-frame");
  });

  it("have at most so many open credits", () => {
    const session = withWindow(1);
    expect(session.surfaces.grant(1, 100)).toBe(MAX_OPEN_CREDITS);
    expect(session.surfaces.grant(2, 1)).toBe(0);
  });
});

describe("cursors", () => {
  const bitmap = { width: 3, height: 2, hotX: 2, hotY: 1, scale: 1 };
  function cursorOf(change: Partial<typeof bitmap>, payloadBytes = 24): SessionResult {
    const cursor = { case: "bitmap" as const, value: { ...bitmap, ...change } };
    return say(openSession(), "cursorChanged", { cursor }, new Uint8Array(payloadBytes));
  }

  it("are a name, or pixels with a hot spot in them", () => {
    expect(cursorOf({})).toMatchObject({ event: { event: { cursor: { kind: "bitmap", ...bitmap } } } });
    const cursor = { case: "shape" as const, value: "text" };
    expect(say(openSession(), "cursorChanged", { cursor })).toMatchObject({
      event: { event: { cursor: { name: "text" } } },
    });
    const side = MAX_CURSOR_SIDE_PX;
    expect(cursorOf({ width: side, height: side }, side * side * 4).kind).toBe("event");
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
    expect(codeOf(cursorOf(change, bytes))).toBe("number-out-of-range");
  });

  it("are raw pixels and nothing else: no encoding was agreed on for them", () => {
    for (const bytes of [0, 12, 23, 25, 48]) expect(codeOf(cursorOf({}, bytes)), `${bytes}`).toBe("bad-pixels");
  });

  it("of neither kind, with too long a name, or a name and bytes, are refused", () => {
    expect(codeOf(say(openSession(), "cursorChanged", {}))).toBe("number-out-of-range");
    const shape = (value: string, bytes = 0): string =>
      codeOf(say(openSession(), "cursorChanged", { cursor: { case: "shape", value } }, new Uint8Array(bytes)));
    expect(shape("x".repeat(65))).toBe("text-too-long");
    expect(shape("text", 4)).toBe("unexpected-payload");
  });
});

describe("requests", () => {
  it("are answered once, and only if asked", () => {
    const session = openSession();
    session.expect("launch", 3);
    expect(say(session, "launched", { request: 3, pid: 9 })).toMatchObject({ event: { pid: 9 } });
    expect(codeOf(say(session, "launched", { request: 3, pid: 9 }))).toBe("unknown-request");
  });

  it("are the only launches that a window may name", () => {
    const session = openSession();
    session.expect("launch", 3);
    const launchOf = (surface: number, launch: number): unknown =>
      say(session, "windowOpened", { surface, kind: Kind.WAYLAND, launch });
    expect(launchOf(1, 3)).toMatchObject({ event: { event: { window: { launch: 3 } } } });
    expect(launchOf(2, 4)).toMatchObject({ event: { event: { window: { launch: null } } } });
  });

  it("fail with the guest's words, cleaned", () => {
    const session = openSession();
    session.expect("launch", 1);
    expect(
      say(session, "requestFailed", { request: 1, code: FailureCode.NOT_FOUND, detail: "no\nsuch" }),
    ).toMatchObject({
      event: { code: "not-found", detail: "no such" },
    });
  });

  it("give a list of applications once it is whole", () => {
    const session = openSession();
    session.expect("apps", 2);
    expect(say(session, "apps", { request: 2, apps: [{ id: "foot", name: "Foot" }] }).kind).toBe("nothing");
    expect(say(session, "apps", { request: 2, apps: [{ id: "xterm", name: "XTerm" }], last: true })).toMatchObject({
      event: { apps: [{ id: "foot" }, { id: "xterm" }] },
    });
  });
});

it("makes an event or a violation of any messages in any order, never a throw", () => {
  const names = Object.keys(ROUTES) as WireMessageName[];
  const message = fc.record({
    name: fc.constantFrom(...names),
    port: fc.constantFrom(...PORTS),
    surface: fc.nat(6),
    parent: fc.nat(6),
    number: fc.oneof(fc.nat(10), fc.nat(0xffff_ffff)),
    payload: fc.uint8Array({ maxLength: 16 }),
    rightPort: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const session = openSession();
      let violations = 0;
      for (const { name, port, surface, parent, number, payload, rightPort } of messages) {
        const fields = {
          surface,
          parent,
          kind: Kind.WAYLAND,
          serial: number,
          width: number,
          height: 1,
          scale: 1,
          format: 1,
          exec: surface,
          request: surface,
        };
        const header = encodeHeader(name, fields as never);
        const result = session.accept(
          rightPort ? ROUTES[name].port : port,
          header,
          ROUTES[name].payload ? payload : NO_BYTES,
        );
        if (result.kind === "event" && result.event.type === "surface") session.surfaces.grant(surface, 1);
        if (result.kind === "violation") violations += 1;
      }
      expect(violations).toBeLessThanOrEqual(1);
    }),
    tries(3000),
  );
});
