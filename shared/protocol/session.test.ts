import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import { PORTS, type PortName, ROUTES } from "./directions.ts";
import { Encoding, FailureCode, Kind, PixelFormat } from "./gen/atoll_pb.ts";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "./header.ts";
import { MAX_OPEN_CREDITS, MAX_SIDE_PX, MAX_TITLE_BYTES, MAX_WINDOWS } from "./limits.ts";
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
    expect(openSession().accept("control", Uint8Array.of(0xfa, 0x3f, 0x00), NO_BYTES).kind).toBe("nothing");
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

  it("are placed among their own parent's children only", () => {
    const session = withWindow(1);
    say(session, "windowOpened", { surface: 2, kind: Kind.WAYLAND });
    say(session, "subsurfaceOpened", { surface: 3, parent: 2 });
    expect(codeOf(say(session, "childrenPlaced", { parent: 1, children: [{ surface: 3 }] }))).toBe("bad-parent");
  });
});

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
    ["an encoding nobody knows", { damage: [{ ...damage[0], encoding: 0 }] }, "bad-frame"],
    ["a format nobody knows", { format: 0 }, "bad-frame"],
    ["no damage but bytes", { damage: [] }, "bad-frame"],
  ])("are refused with %s", (_what, change, code) => {
    expect(codeOf(say(granted(1), "frame", { ...frame, damage, ...change }, pixels))).toBe(code);
  });

  it("have at most so many open credits", () => {
    const session = withWindow(1);
    expect(session.surfaces.grant(1, 100)).toBe(MAX_OPEN_CREDITS);
    expect(session.surfaces.grant(2, 1)).toBe(0);
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
