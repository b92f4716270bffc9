/** How large a guest's buffers may be, and what is drawn before there is a page. */
import { expect, it } from "vitest";
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import { FRAMES_AHEAD } from "../contracts/frames.ts";
import { ServiceHost } from "../testing/service-host.ts";

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

it("on a small screen too a video may have four times the pixels of a full HD one", () => {
  const host = new ServiceHost();
  resize(host, 640, 480);
  expect(show(host, 1, 3840, 2160)).toBe("accepted");
});

/** The agent draws its next frame there. */
function draws(host: ServiceHost, surface: number, serial: number): string {
  const damage = [{ x: 0, y: 0, width: 9, height: 9, encoding: Encoding.SOLID, size: 4 }];
  const frame = { surface, serial, width: 9, height: 9, scale: 1, format: PixelFormat.XRGB8888, damage, last: true };
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
