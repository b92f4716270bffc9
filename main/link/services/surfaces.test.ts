/** What a guest says of its surfaces: who hears of it, what of it a page that comes later is told, and what is sent back. */
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import type { LinkEvent } from "#shared/ipc/link-port.ts";
import { Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_OPENS_BURST, MAX_OPENS_PER_S } from "#shared/protocol/limits.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { SURFACES } from "../contracts/surfaces.ts";
import type { PageCommand } from "../page-ports.ts";
import { ServiceHost } from "../testing/service-host.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const WINDOW = 1;
const POPUP = 2;
const SUBSURFACE = 3;
const GONE = 4;

/** A VM with a surface of each role, and a window that is closed. */
function open(): ServiceHost {
  const host = new ServiceHost();
  host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND, title: "old" });
  host.say("popupOpened", { surface: POPUP, parent: WINDOW, kind: Kind.WAYLAND, rect: { width: 5, height: 5 } });
  host.say("subsurfaceOpened", { surface: SUBSURFACE, parent: WINDOW });
  host.say("windowOpened", { surface: GONE, kind: Kind.WAYLAND });
  host.say("surfaceClosed", { surface: GONE });
  return host;
}

const openedBy = (events: readonly LinkEvent[]): LinkEvent[] =>
  events.filter(({ type }) => type === "windowOpened" || type === "popupOpened" || type === "subsurfaceOpened");

describe("a page that comes later is told of", () => {
  it("what is open, as it is now, parents first", () => {
    const host = open();
    host.say("windowChanged", { surface: WINDOW, title: "new" });
    host.say("popupMoved", { surface: POPUP, rect: { x: 7, y: 8, width: 9, height: 10 } });
    expect(host.attachPage().events).toMatchObject([
      { type: "windowOpened", window: { surface: WINDOW, kind: "wayland", title: "new" } },
      { type: "popupOpened", popup: { surface: POPUP, parent: WINDOW, rect: { x: 7, y: 8, width: 9, height: 10 } } },
      { type: "subsurfaceOpened", surface: SUBSURFACE, parent: WINDOW },
    ]);
  });

  it("where children are, of those parents alone that are still there", () => {
    const host = open();
    host.say("windowOpened", { surface: 5, kind: Kind.WAYLAND });
    host.say("subsurfaceOpened", { surface: 6, parent: 5 });
    for (const [parent, child] of [
      [WINDOW, SUBSURFACE],
      [5, 6],
    ] as const)
      host.say("childrenPlaced", { parent, children: [{ surface: parent }, { surface: child, x: 3, y: 4 }] });
    host.say("surfaceClosed", { surface: 5 });
    const placed = host.attachPage().events.filter(({ type }) => type === "childrenPlaced");
    expect(placed).toMatchObject([{ parent: WINDOW, children: [{ surface: WINDOW }, { surface: SUBSURFACE, x: 3 }] }]);
  });

  it("the cursor, and who wants the pointer", () => {
    const host = open();
    host.say("cursorChanged", { cursor: { case: "shape", value: "text" } });
    host.say("pointerLockWanted", { surface: WINDOW });
    const { events } = host.attachPage();
    // Of the two the newer one is held until the page has had the first.
    vi.advanceTimersByTime(100);
    expect(events.slice(-2)).toEqual([
      { type: "cursorChanged", cursor: { kind: "shape", name: "text" } },
      { type: "pointerLockWanted", surface: WINDOW },
    ]);
  });

  test.each([
    ["the one that wanted it is closed", WINDOW, false],
    ["another is closed", 5, true],
  ])("who wants the pointer, after %s: %s, %s", (_what, surface, isTold) => {
    const host = open();
    host.say("windowOpened", { surface: 5, kind: Kind.WAYLAND });
    host.say("pointerLockWanted", { surface: WINDOW });
    host.say("surfaceClosed", { surface });
    const { events } = host.attachPage();
    vi.advanceTimersByTime(100);
    expect(events.some(({ type }) => type === "pointerLockWanted")).toBe(isTold);
  });

  it("no request, which was for the page that was there", () => {
    const host = open();
    host.attachPage();
    host.say("windowRequested", { surface: WINDOW, request: 1 });
    expect(openedBy(host.attachPage().events)).toHaveLength(3);
    expect(host.attachPage().events).toHaveLength(3);
  });
});

describe("a page that is there is told of", () => {
  it("all that happens", () => {
    const host = new ServiceHost();
    const { events } = host.attachPage();
    host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND });
    host.say("subsurfaceOpened", { surface: SUBSURFACE, parent: WINDOW });
    host.say("surfaceClosed", { surface: WINDOW });
    expect(events.map(({ type }) => type)).toEqual(["windowOpened", "subsurfaceOpened", "surfaceClosed"]);
  });

  it("what a window asks for, and main is not", () => {
    const host = open();
    const { events } = host.attachPage();
    vi.advanceTimersByTime(1_000);
    const told = host.eventsOf(SURFACES).length;
    host.say("windowRequested", { surface: WINDOW, request: 1 });
    vi.advanceTimersByTime(1_000);
    expect(events.at(-1)).toMatchObject({ type: "windowRequested", surface: WINDOW });
    expect(host.eventsOf(SURFACES)).toHaveLength(told);
  });
});

describe("main is told of", () => {
  it("windows alone", () => {
    const host = open();
    host.say("surfaceClosed", { surface: POPUP });
    host.say("surfaceClosed", { surface: SUBSURFACE });
    host.say("surfaceClosed", { surface: WINDOW });
    vi.advanceTimersByTime(10_000);
    host.close();
    expect(
      host.eventsOf(SURFACES).map((event) => [event.type, "window" in event ? event.window.surface : event.surface]),
    ).toEqual([
      ["windowOpened", WINDOW],
      ["windowOpened", GONE],
      ["surfaceClosed", GONE],
      ["surfaceClosed", WINDOW],
    ]);
  });

  it("what was held back, when the link ends", () => {
    const host = open();
    for (const title of ["a", "b", "c"]) host.say("windowChanged", { surface: WINDOW, title });
    host.close();
    expect(host.eventsOf(SURFACES).at(-1)).toMatchObject({ type: "windowChanged", change: { title: "c" } });
  });

  it("titles at a pace, however many there are", () => {
    const host = open();
    vi.advanceTimersByTime(1_000);
    const before = host.eventsOf(SURFACES).length;
    for (let at = 0; at < 100; at += 1) {
      host.say("windowChanged", { surface: WINDOW, title: `${at}` });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    const titles = host.eventsOf(SURFACES).slice(before);
    expect(titles.at(-1)).toMatchObject({ change: { title: "99" } });
    expect(titles.length).toBeLessThanOrEqual(12);
    expect(titles.length).toBeGreaterThanOrEqual(10);
  });
});

describe("a launch that a window names", () => {
  const launched = (): ServiceHost => {
    const host = new ServiceHost();
    host.order(LAUNCHES, { request: 7, appId: null, argv: ["foot"], files: [] });
    return host;
  };

  it.each([
    [7, 7],
    [8, null],
    [0, null],
  ])("%s is to the page and to main %s", (launch, known) => {
    const host = launched();
    const { events } = host.attachPage();
    host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND, launch });
    expect(events[0]).toMatchObject({ window: { launch: known } });
    expect(host.eventsOf(SURFACES)[0]).toMatchObject({ window: { launch: known } });
  });

  it("has its age, which grows", () => {
    const host = launched();
    const first = host.attachPage();
    vi.advanceTimersByTime(2_000);
    host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND, launch: 7 });
    expect(first.events[0]).toMatchObject({ launchAgeMs: 2_000 });
    vi.advanceTimersByTime(3_000);
    expect(host.attachPage().events[0]).toMatchObject({ launchAgeMs: 5_000 });
  });

  it("that is no longer known when a page comes has none", () => {
    const host = launched();
    host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND, launch: 7 });
    for (let request = 8; request < 300; request += 1) {
      host.order(LAUNCHES, { request, appId: null, argv: ["foot"], files: [] });
      host.say("launched", { request, pid: 1 });
    }
    expect(host.attachPage().events[0]).not.toHaveProperty("launchAgeMs");
  });

  it("that there was not has none", () => {
    const host = launched();
    const { events } = host.attachPage();
    host.say("windowOpened", { surface: WINDOW, kind: Kind.WAYLAND, launch: 8 });
    expect(events[0]).not.toHaveProperty("launchAgeMs");
  });
});

/** What the page asks of a surface that is not there (any more), or has another role, is not sent. */
describe.each([
  ["windows", WINDOW],
  ["popups", POPUP],
  ["subsurfaces", SUBSURFACE],
  ["what is closed", GONE],
  ["what never was", 99],
])("of %s", (_what, surface) => {
  const size = { width: 100, height: 50, states: [] } as unknown as Omit<
    Extract<PageCommand, { type: "configure" }>,
    "type" | "surface"
  >;

  it.each([
    [{ type: "configure", surface, ...size }, "configure", [WINDOW]],
    [{ type: "close", surface }, "closeRequested", [WINDOW, POPUP, SUBSURFACE]],
    [{ type: "dismissPopup", surface }, "popupDismissed", [WINDOW, POPUP, SUBSURFACE]],
    [{ type: "refresh", surface }, "refresh", [WINDOW, POPUP, SUBSURFACE]],
    [{ type: "keyboardFocus", surface }, "keyboardFocus", [WINDOW, POPUP, SUBSURFACE]],
    [{ type: "pointerLocked", surface }, "pointerLocked", [WINDOW, POPUP, SUBSURFACE]],
    [{ type: "pointerMotion", surface, xFixed: 1, yFixed: 2, timeMs: 3 }, "pointerMotion", [WINDOW, POPUP, SUBSURFACE]],
  ] as [PageCommand, "configure", number[]][])("%o is %s for those that it fits", (command, name, fits) => {
    const host = open();
    host.command(command);
    const { type: _, ...said } = command;
    expect(host.sentOf(name)).toEqual(fits.includes(surface) ? [said] : []);
  });
});

it("surfaces may open so many at once, and so many a second, and no more", () => {
  const host = new ServiceHost();
  let surface = 0;
  const opens = (count: number): string => {
    let outcome = "";
    for (let at = 0; at < count; at += 1) {
      surface += 1;
      outcome = host.say("windowOpened", { surface, kind: Kind.WAYLAND });
      if (outcome === "accepted") host.say("surfaceClosed", { surface });
    }
    return outcome;
  };
  expect(opens(MAX_OPENS_BURST)).toBe("accepted");
  vi.advanceTimersByTime(1_000);
  expect(opens(MAX_OPENS_PER_S)).toBe("accepted");
  expect(opens(1)).toBe("flood");
});

it.each(["popupOpened", "subsurfaceOpened"] as const)("%s counts as a surface that opens", (name) => {
  const host = new ServiceHost();
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  let outcome = "";
  for (let surface = 2; surface <= MAX_OPENS_BURST + 1; surface += 1) {
    outcome = host.say(name, { surface, parent: 1, kind: Kind.WAYLAND, rect: { width: 1, height: 1 } });
    if (outcome === "accepted") host.say("surfaceClosed", { surface });
  }
  expect(outcome).toBe("flood");
});
