/** How large a guest's buffers may be, and what is drawn before there is a page. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PixelEvent } from "#shared/ipc/link-port.ts";
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import { FRAMES_AHEAD } from "../contracts/frames.ts";
import { SURFACES } from "../contracts/surfaces.ts";
import type { PageCommand } from "../page-ports.ts";
import { ServiceHost } from "../testing/service-host.ts";

afterEach(() => void vi.useRealTimers());

/** The outcome of a frame of one colour. */
function show(host: ServiceHost, surface: number, width: number, height: number): string {
  host.say("windowOpened", { surface, kind: Kind.WAYLAND });
  host.command({ type: "credit", surface, count: 2, shownSerial: 0 });
  const damage = [{ x: 0, y: 0, width, height, encoding: Encoding.SOLID, size: 4 }];
  const frame = { surface, serial: 1, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last: true };
  return host.say("frame", frame, new Uint8Array(4));
}
const resize = (host: ServiceHost, width: number, height: number): void =>
  host.command({ type: "output", width, height, scale120: 120, refreshMhz: 60_000 });

it("a buffer is bounded by the screen", () => {
  const host = new ServiceHost();
  expect(show(host, 1, 3840, 2160)).toBe("accepted");
  expect(show(host, 2, 3840, 2161)).toBe("bad-frame");
});

it("a buffer is bounded by the largest screen that there was: what was drawn for it may still be on its way", () => {
  const host = new ServiceHost();
  resize(host, 3840, 2160);
  resize(host, 800, 600);
  expect(show(host, 1, 7680, 4320)).toBe("accepted");
  expect(show(host, 2, 8192, 4320)).toBe("bad-frame");
});

it("a buffer is bounded by the screen that there was when the link was made", () => {
  const host = new ServiceHost(undefined, { width: 3840, height: 2160, scale120: 120, refreshMhz: 60_000 });
  expect(show(host, 1, 7680, 4320)).toBe("accepted");
  expect(show(host, 2, 7680, 4321)).toBe("bad-frame");
});

it("on a small screen too a video may have four times the pixels of a full HD one", () => {
  const host = new ServiceHost();
  resize(host, 640, 480);
  expect(show(host, 1, 3840, 2160)).toBe("accepted");
});

/** The agent draws its next frame there, or a part of it. */
function draws(host: ServiceHost, surface: number, serial: number, last = true): string {
  const damage = [{ x: 0, y: 0, width: 9, height: 9, encoding: Encoding.SOLID, size: 4 }];
  const frame = { surface, serial, width: 9, height: 9, scale: 1, format: PixelFormat.XRGB8888, damage, last };
  return host.say("frame", frame, new Uint8Array(4));
}

it("without a page nothing is drawn, unless main wants it drawn ahead: then each surface, one frame at a time", () => {
  const host = new ServiceHost();
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  expect(host.sentOf("credit")).toEqual([]);
  host.order(FRAMES_AHEAD, { isDrawnAhead: true });
  expect(host.sentOf("credit")).toEqual([{ surface: 1, count: 1, shownSerial: 0 }]);
  host.say("subsurfaceOpened", { surface: 2, parent: 1 });
  expect(host.sentOf("credit").slice(1)).toEqual([{ surface: 2, count: 1, shownSerial: 0 }]);
  expect([draws(host, 1, 1), draws(host, 1, 2)]).toEqual(["accepted", "accepted"]);
  expect(host.sentOf("credit").slice(2)).toEqual([
    { surface: 1, count: 1, shownSerial: 1 },
    { surface: 1, count: 1, shownSerial: 2 },
  ]);
  // Main hears of the first at once, and of what follows a few times a second.
  expect(host.eventsOf(FRAMES_AHEAD)).toEqual([{ type: "drew" }]);
  host.close();
});

describe("a page", () => {
  const credit = (surface: number, count: number, shownSerial = 0): PageCommand => ({
    type: "credit",
    surface,
    count,
    shownSerial,
  });

  /** Two windows, and a page that has given the first two credits. */
  function seen(): { host: ServiceHost; pixels: PixelEvent[] } {
    const host = new ServiceHost();
    const { pixels } = host.attachPage();
    for (const surface of [1, 2]) host.say("windowOpened", { surface, kind: Kind.WAYLAND });
    host.command(credit(1, 2));
    return { host, pixels };
  }
  const serialsOf = (pixels: PixelEvent[], surface = 1): number[] =>
    pixels.flatMap((event) => (event.type === "frame" && event.surface === surface ? [event.serial] : []));

  it("has the frames of its credits, and an agent that draws more has broken the rule", () => {
    const { host, pixels } = seen();
    expect(host.sentOf("credit")).toEqual([{ surface: 1, count: 2, shownSerial: 0 }]);
    expect([draws(host, 1, 1), draws(host, 1, 2)]).toEqual(["accepted", "accepted"]);
    expect(serialsOf(pixels)).toEqual([1, 2]);
    host.command(credit(1, 1, 2));
    expect(host.sentOf("credit")[1]).toEqual({ surface: 1, count: 1, shownSerial: 2 });
    expect([draws(host, 1, 3), draws(host, 1, 4)]).toEqual(["accepted", "no-credit"]);
    expect(serialsOf(pixels)).toEqual([1, 2, 3]);
  });

  it("gives no credit to what is not there", () => {
    const { host } = seen();
    host.command(credit(9, 2));
    host.say("surfaceClosed", { surface: 2 });
    host.command(credit(2, 2));
    expect(host.sentOf("credit")).toHaveLength(1);
    expect(host.sentOf("refresh")).toEqual([]);
  });

  it("hears that a surface has ended for which it has given credit", () => {
    const { host, pixels } = seen();
    for (const surface of [2, 1]) host.say("surfaceClosed", { surface });
    expect(pixels).toEqual([{ type: "retired", surface: 1 }]);
  });

  it("that comes later has what began after its own credit, from the beginning", () => {
    const { host } = seen();
    draws(host, 1, 1);
    const { pixels } = host.attachPage();
    expect(draws(host, 1, 2)).toBe("accepted");
    expect(pixels).toEqual([]);
    host.command(credit(1, 2));
    expect(host.sentOf("refresh")).toEqual([{ surface: 1 }]);
    draws(host, 1, 3);
    expect(serialsOf(pixels)).toEqual([3]);
    host.command(credit(1, 1, 3));
    expect(host.sentOf("refresh")).toHaveLength(1);
  });

  it("that comes in the middle of a frame has nothing of it", () => {
    const { host } = seen();
    draws(host, 1, 1, false);
    const { pixels } = host.attachPage();
    host.command(credit(1, 2));
    expect([draws(host, 1, 1), draws(host, 1, 2)]).toEqual(["accepted", "accepted"]);
    expect(serialsOf(pixels)).toEqual([2]);
  });

  it("has nothing of a surface that is closed, whose last frame was on its way", () => {
    const { host, pixels } = seen();
    host.say("surfaceClosed", { surface: 1 });
    expect(draws(host, 1, 1)).toBe("accepted");
    expect(serialsOf(pixels)).toEqual([]);
    expect(host.eventsOf(SURFACES).some(({ type }) => type === "firstFrame")).toBe(false);
  });

  it("is not drawn ahead of", () => {
    const { host } = seen();
    host.order(FRAMES_AHEAD, { isDrawnAhead: true });
    host.say("windowOpened", { surface: 3, kind: Kind.WAYLAND });
    expect(host.sentOf("credit")).toHaveLength(1);
  });

  it("that comes later takes over what is left of the credits", () => {
    const { host } = seen();
    draws(host, 1, 1);
    for (let pages = 0; pages < 3; pages += 1) {
      host.attachPage();
      host.command(credit(1, 1));
    }
    expect(host.sentOf("credit")).toHaveLength(1);
    host.attachPage();
    host.command(credit(1, 2));
    expect(host.sentOf("credit").slice(1)).toEqual([{ surface: 1, count: 1, shownSerial: 0 }]);
    // It is asked to begin anew where there was a frame, and only there.
    host.command(credit(2, 2));
    expect(host.sentOf("refresh").every(({ surface }) => surface === 1)).toBe(true);
  });

  it("that comes ends what was drawn ahead", () => {
    const host = new ServiceHost();
    host.order(FRAMES_AHEAD, { isDrawnAhead: true });
    host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
    host.attachPage();
    expect(draws(host, 1, 1)).toBe("accepted");
    host.say("windowOpened", { surface: 2, kind: Kind.WAYLAND });
    expect(host.sentOf("credit")).toEqual([{ surface: 1, count: 1, shownSerial: 0 }]);
    expect(host.eventsOf(FRAMES_AHEAD)).toEqual([]);
  });

  it("that cannot decode a frame has its words written where they do no harm", () => {
    const { host } = seen();
    host.command({ type: "violation", surface: 1, detail: "bad\u001b[2J" });
    expect(host.violations).toEqual([{ code: "bad-pixels", detail: String.raw`surface 1: bad\u{1b}[2J` }]);
  });
});

it("main hears of the first whole frame of a window, once", () => {
  const host = new ServiceHost();
  host.attachPage();
  const firsts = (): number[] =>
    host.eventsOf(SURFACES).flatMap((event) => (event.type === "firstFrame" ? [event.surface] : []));
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  host.command({ type: "credit", surface: 1, count: 3, shownSerial: 0 });
  expect(draws(host, 1, 1, false)).toBe("accepted");
  expect(firsts()).toEqual([]);
  draws(host, 1, 1);
  draws(host, 1, 2);
  expect(firsts()).toEqual([1]);
  host.close();
});

it("main hears of the first frames of windows that it knows, and of nothing else", () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const host = new ServiceHost();
  host.attachPage();
  const drawn = (surface: number): void => {
    host.command({ type: "credit", surface, count: 1, shownSerial: 0 });
    expect(draws(host, surface, 1)).toBe("accepted");
  };
  // As many as it hears of at once.
  for (let surface = 1; surface <= 256; surface += 1) {
    host.say("windowOpened", { surface, kind: Kind.WAYLAND });
    host.say("surfaceClosed", { surface });
  }
  const before = host.eventsOf(SURFACES).length;
  for (const surface of [257, 258]) {
    host.say("windowOpened", { surface, kind: Kind.WAYLAND });
    drawn(surface);
  }
  host.say("surfaceClosed", { surface: 257 });
  host.say("subsurfaceOpened", { surface: 259, parent: 258 });
  drawn(259);
  expect(host.eventsOf(SURFACES)).toHaveLength(before);
  vi.advanceTimersByTime(1_000);
  expect(host.eventsOf(SURFACES).slice(before)).toMatchObject([
    { type: "windowOpened", window: { surface: 258 } },
    { type: "firstFrame", surface: 258 },
  ]);
  host.close();
});

it("what is drawn ahead is one whole frame at a time, and nothing of what is closed", () => {
  const host = new ServiceHost();
  host.order(FRAMES_AHEAD, { isDrawnAhead: true });
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  host.order(FRAMES_AHEAD, { isDrawnAhead: true });
  draws(host, 1, 1, false);
  expect(host.sentOf("credit")).toHaveLength(1);
  draws(host, 1, 1);
  expect(host.sentOf("credit")).toHaveLength(2);
  host.order(FRAMES_AHEAD, { isDrawnAhead: false });
  draws(host, 1, 2);
  expect(host.sentOf("credit")).toHaveLength(2);
  host.close();
});

it("main hears that something is drawn ahead a few times a second, and nothing after the end", () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const host = new ServiceHost();
  host.order(FRAMES_AHEAD, { isDrawnAhead: true });
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  for (let serial = 1; serial <= 5; serial += 1) draws(host, 1, serial);
  host.close();
  expect(vi.getTimerCount()).toBe(0);
});
