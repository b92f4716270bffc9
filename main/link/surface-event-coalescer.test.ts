import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { GuestWindow, Rect, SurfaceId } from "#shared/model/window.ts";
import { tries } from "#shared/testing/tries.ts";
import { RateLimit } from "./rate-limit.ts";
import { SurfaceEventCoalescer } from "./surface-event-coalescer.ts";

const WINDOW_MS = 16;
const id = (n: number): SurfaceId => n as SurfaceId;
const rect = (x: number): Rect => ({ x, y: 0, width: 1, height: 1 });
const opened = (n: number): SurfaceEvent => ({
  type: "windowOpened",
  window: { surface: id(n), title: "" } as GuestWindow,
});
const titled = (n: number, title: string): SurfaceEvent => ({
  type: "windowChanged",
  surface: id(n),
  change: { title },
});
const named = (n: number, appId: string): SurfaceEvent => ({
  type: "windowChanged",
  surface: id(n),
  change: { appId },
});
const popup = (n: number, parent: number): SurfaceEvent => ({
  type: "popupOpened",
  popup: { surface: id(n), parent: id(parent), rect: rect(0), kind: "wayland", grab: false },
});
const moved = (n: number, x: number): SurfaceEvent => ({ type: "popupMoved", surface: id(n), rect: rect(x) });
const child = (n: number, parent: number): SurfaceEvent => ({
  type: "subsurfaceOpened",
  surface: id(n),
  parent: id(parent),
});
const placed = (parent: number, ...children: number[]): SurfaceEvent => ({
  type: "childrenPlaced",
  parent: id(parent),
  children: children.map((n) => ({ surface: id(n), x: 0, y: 0 })),
});
const asked = (n: number, kind: "maximize" | "unmaximize"): SurfaceEvent => ({
  type: "windowRequested",
  surface: id(n),
  request: { kind },
});
const closed = (n: number): SurfaceEvent => ({ type: "surfaceClosed", surface: id(n) });
const cursor = (name: string): SurfaceEvent => ({ type: "cursorChanged", cursor: { kind: "shape", name } });

let sent: SurfaceEvent[];
let fences: number;
let coalescer: SurfaceEventCoalescer<SurfaceEvent>;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  fences = 0;
  coalescer = new SurfaceEventCoalescer<SurfaceEvent>(WINDOW_MS, {
    send: (event) => sent.push(event),
    fence: () => (fences += 1),
  });
});
afterEach(() => void vi.useRealTimers());

/** What was sent since the last look. */
const news = (): SurfaceEvent[] => sent.splice(0);

function take(...events: SurfaceEvent[]): void {
  for (const event of events) coalescer.take(event, event.type === "surfaceClosed" ? [event.surface] : []);
}

/** The window ends; the listener has dealt with what it was sent. */
function nextWindow(): void {
  coalescer.fenceReached();
  vi.advanceTimersByTime(WINDOW_MS);
}

describe("a listener that keeps up", () => {
  it("has at once what each surface says first, and every open and close", () => {
    const events = [
      opened(1),
      titled(1, "a"),
      child(2, 1),
      child(3, 1),
      placed(3),
      cursor("text"),
      closed(3),
      popup(4, 1),
    ];
    take(...events);
    expect(news()).toEqual(events);
    expect(fences).toBe(1);
  });

  it("has the newest of what a surface says again, once a window", () => {
    take(
      titled(1, "a"),
      titled(1, "b"),
      moved(2, 1),
      moved(2, 2),
      cursor("x"),
      cursor("y"),
      titled(1, "c"),
      moved(2, 3),
    );
    expect(news()).toEqual([titled(1, "a"), moved(2, 1), cursor("x")]);
    nextWindow();
    expect(news()).toEqual([cursor("y"), titled(1, "c"), moved(2, 3)]);
    take(cursor("z"));
    expect(news()).toEqual([]);
    nextWindow();
    expect(news()).toEqual([cursor("z")]);
  });

  it("has at once what comes after a window in which nothing was kept", () => {
    take(titled(1, "a"));
    nextWindow();
    take(titled(1, "b"));
    expect(news()).toEqual([titled(1, "a"), titled(1, "b")]);
  });

  it("is not asked anything while nothing happens", () => {
    take(titled(1, "a"));
    for (let windows = 0; windows < 5; windows += 1) nextWindow();
    expect(fences).toBe(1);
  });

  it("has all that changed of a window, and its last request last", () => {
    take(
      titled(1, "a"),
      titled(1, "b"),
      named(1, "app"),
      asked(1, "maximize"),
      asked(1, "unmaximize"),
      asked(1, "maximize"),
    );
    news();
    nextWindow();
    expect(news()).toEqual([
      { type: "windowChanged", surface: 1, change: { title: "b", appId: "app" } },
      asked(1, "unmaximize"),
      asked(1, "maximize"),
    ]);
  });

  it("hears of children before it hears of their places", () => {
    take(placed(1), placed(1, 1), child(2, 1), placed(1, 1, 2));
    nextWindow();
    expect(news()).toEqual([placed(1), child(2, 1), placed(1, 1, 2)]);
  });

  it("has surfaces that open at their pace: of those that close before their turn it never hears", () => {
    const flash = (n: number): void => take(popup(n, 1), closed(n));
    take(opened(1));
    news();
    for (let n = 2; n < 1_000; n += 1) flash(n);
    // 256 at once, one of which was the window.
    expect(news().map(({ type }) => type)).toEqual(
      Array.from({ length: 255 }, () => ["popupOpened", "surfaceClosed"]).flat(),
    );
    for (let n = 1_000; n < 2_000; n += 1) flash(n);
    nextWindow();
    expect(news()).toEqual([]);
    // What stays has its turn, with what belongs to it, and later words about other surfaces after it.
    take(titled(1, "first"));
    expect(news()).toEqual([titled(1, "first")]);
    take(popup(3_000, 1), popup(3_001, 3_000), moved(3_000, 5), titled(1, "last"), popup(3_002, 1));
    const heard = news();
    for (let windows = 0; windows < 3; windows += 1) nextWindow();
    expect([...heard, ...news()]).toEqual([
      popup(3_000, 1),
      popup(3_001, 3_000),
      moved(3_000, 5),
      titled(1, "last"),
      popup(3_002, 1),
    ]);
  });

  it("has those that were held at that pace, too, and after each what was said behind it", () => {
    let nowMs = 0;
    const paced = new SurfaceEventCoalescer<SurfaceEvent>(
      WINDOW_MS,
      { send: (event) => sent.push(event), fence: () => undefined },
      new RateLimit(1000, 2, () => nowMs),
    );
    for (const event of [opened(1), opened(2), opened(3), opened(4), opened(5), opened(6), titled(1, "a")])
      paced.take(event);
    expect(news()).toEqual([opened(1), opened(2)]);
    const after = (ms: number): SurfaceEvent[] => {
      nowMs += ms;
      paced.fenceReached();
      vi.advanceTimersByTime(WINDOW_MS);
      return news();
    };
    expect([after(0), after(1), after(50), after(2)]).toEqual([
      [],
      [opened(3)],
      [opened(4), opened(5)],
      [opened(6), titled(1, "a")],
    ]);
    paced.end();
  });

  it("has what opens faster than that pace also where it comes after a rest, with all that follows", () => {
    let nowMs = 0;
    let answer = (): void => undefined;
    const paced = new SurfaceEventCoalescer<SurfaceEvent>(
      WINDOW_MS,
      { send: (event) => sent.push(event), fence: () => answer() },
      new RateLimit(50, 1, () => nowMs),
    );
    // As a listener does that keeps up: each fence is reached once.
    answer = () => paced.fenceReached();
    const rest = (): void => {
      nowMs += WINDOW_MS;
      vi.advanceTimersByTime(WINDOW_MS);
    };
    paced.take(opened(1));
    rest();
    paced.take(opened(2));
    paced.take(titled(1, "a"));
    expect(news()).toEqual([opened(1)]);
    for (let windows = 0; windows < 4; windows += 1) rest();
    expect(news()).toEqual([opened(2), titled(1, "a")]);
    paced.end();
  });

  it("hears nothing more of what has closed", () => {
    take(titled(1, "a"), titled(1, "b"), closed(1));
    nextWindow();
    expect(news()).toEqual([titled(1, "a"), closed(1)]);
  });
});

describe("a listener that is behind", () => {
  beforeEach(() => {
    take(opened(1));
    vi.advanceTimersByTime(WINDOW_MS);
    news();
  });

  it("has nothing until it has reached the fence, and then all of it in order", () => {
    const events = [opened(2), titled(1, "a"), popup(3, 2), closed(2)];
    take(...events.slice(0, 3));
    vi.advanceTimersByTime(10_000);
    expect(news()).toEqual([]);
    coalescer.fenceReached();
    expect(news()).toEqual(events.slice(0, 3));
    expect(fences).toBe(2);
  });

  it("has nothing of what was held before it was behind, until it has reached the fence", () => {
    take(titled(1, "a"));
    coalescer.fenceReached();
    take(titled(1, "b"));
    vi.advanceTimersByTime(10_000);
    expect(news()).toEqual([titled(1, "a")]);
    coalescer.fenceReached();
    expect(news()).toEqual([titled(1, "b")]);
  });

  it("never hears of what opens and closes meanwhile, however often", () => {
    for (let n = 2; n < 5000; n += 1) {
      take(opened(n), popup(n + 10_000, n), titled(n, "x"), placed(n, n));
      coalescer.take(closed(n), [id(n + 10_000), id(n)]);
    }
    coalescer.fenceReached();
    expect(news()).toEqual([]);
  });

  it("hears of a close of what it knows, and of its newest words otherwise", () => {
    for (let count = 0; count < 5000; count += 1) take(titled(1, `${count}`), cursor(`${count}`));
    coalescer.fenceReached();
    expect(news()).toEqual([titled(1, "4999"), cursor("4999")]);
    vi.advanceTimersByTime(WINDOW_MS);
    take(titled(1, "more"), closed(1));
    coalescer.fenceReached();
    expect(news()).toEqual([closed(1)]);
  });

  it("hears the rest at the end", () => {
    take(titled(1, "last"));
    coalescer.end();
    expect(news()).toEqual([titled(1, "last")]);
    vi.advanceTimersByTime(10_000);
    expect(news()).toEqual([]);
  });

  it("is waited for by nothing after the end", () => {
    coalescer.fenceReached();
    take(titled(1, "last"));
    expect(vi.getTimerCount()).toBe(1);
    coalescer.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

interface KnownSurface {
  parent: SurfaceId | null;
  title: string;
  rect: Rect | null;
  children: SurfaceId[];
}

/** What one who hears of a VM's surfaces knows of them; throws at what cannot be. */
class Hearer {
  readonly surfaces = new Map<SurfaceId, KnownSurface>();
  cursor = "";
  pointerLock: SurfaceId | null = null;

  take(event: SurfaceEvent): void {
    switch (event.type) {
      case "windowOpened":
        return this.#open(event.window.surface, null);
      case "popupOpened":
        return this.#open(event.popup.surface, event.popup.parent);
      case "subsurfaceOpened":
        return this.#open(event.surface, event.parent);
      case "windowChanged":
        this.#of(event.surface).title = event.change.title ?? "";
        return;
      case "popupMoved":
        this.#of(event.surface).rect = event.rect;
        return;
      case "childrenPlaced":
        // A child that has closed meanwhile is left out, as the page does.
        this.#of(event.parent).children = event.children
          .map(({ surface }) => surface)
          .filter((surface) => this.surfaces.has(surface));
        return;
      case "cursorChanged":
        this.cursor = event.cursor.kind === "shape" ? event.cursor.name : "";
        return;
      case "pointerLockWanted":
        this.pointerLock = event.surface;
        return;
      case "surfaceClosed":
        this.#of(event.surface);
        this.close(event.surface);
        return;
      case "windowRequested":
    }
  }

  /** All that end with it. */
  close(surface: SurfaceId): SurfaceId[] {
    const children = [...this.surfaces].filter(([, { parent }]) => parent === surface);
    const gone = [...children.flatMap(([child]) => this.close(child)), surface];
    this.surfaces.delete(surface);
    for (const facts of this.surfaces.values()) facts.children = facts.children.filter((child) => child !== surface);
    return gone;
  }

  #open(surface: SurfaceId, parent: SurfaceId | null): void {
    if (parent !== null) this.#of(parent);
    this.surfaces.set(surface, { parent, title: "", rect: null, children: [] });
  }

  #of(surface: SurfaceId): KnownSurface {
    const facts = this.surfaces.get(surface);
    if (facts === undefined) throw new Error(`surface ${surface} is not known`);
    return facts;
  }
}

it("of requests for the pointer, of any surfaces, the newest is sent last", () => {
  const lock = (surface: number | null): SurfaceEvent => ({
    type: "pointerLockWanted",
    surface: surface === null ? null : id(surface),
  });
  take(lock(1), lock(2), lock(null), lock(1), lock(null));
  expect(news()).toEqual([lock(1)]);
  nextWindow();
  expect(news()).toEqual([lock(null)]);
});

it("whatever a guest says, and however slow the listener is, it knows in the end what the guest said", () => {
  const step = fc.record({
    what: fc.constantFrom("window", "popup", "child", "title", "move", "place", "close", "cursor", "wait", "reach"),
    pick: fc.nat(1000),
    value: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const [guest, listener] = [new Hearer(), new Hearer()];
      let isFenced = false;
      const coalescer = new SurfaceEventCoalescer<SurfaceEvent>(
        WINDOW_MS,
        { send: (event) => listener.take(event), fence: () => void (isFenced = true) },
        new RateLimit(100, 4),
      );
      /** Each fence is answered once, and nothing else is. */
      const reach = (): void => {
        if (!isFenced) return;
        isFenced = false;
        coalescer.fenceReached();
      };
      const say = (event: SurfaceEvent): void => {
        const retired = event.type === "surfaceClosed" ? guest.close(event.surface) : [];
        if (event.type !== "surfaceClosed") guest.take(event);
        coalescer.take(event, retired);
      };
      let highest = 0;
      for (const { what, pick, value } of steps) {
        const surfaces = [...guest.surfaces.keys()];
        const surface = surfaces[pick % Math.max(1, surfaces.length)] ?? 0;
        const children = surfaces.filter((child) => guest.surfaces.get(child)?.parent === surface);
        if (what === "wait") vi.advanceTimersByTime(value % (2 * WINDOW_MS));
        else if (what === "reach") reach();
        else if (what === "cursor") say(cursor(`${value}`));
        else if (what === "window" || surface === 0) say(opened((highest += 1)));
        else if (what === "popup") say(popup((highest += 1), surface));
        else if (what === "child") say(child((highest += 1), surface));
        else if (what === "title") say(titled(surface, `${value}`));
        else if (what === "move") say(moved(surface, value));
        else if (what === "place") say(placed(surface, surface, ...children));
        else say(closed(surface));
      }
      // Sixty surfaces have had their turn.
      for (let waitedMs = 0; waitedMs < 700; waitedMs += WINDOW_MS) {
        reach();
        vi.advanceTimersByTime(WINDOW_MS);
      }
      expect([...listener.surfaces]).toEqual([...guest.surfaces]);
      expect(listener.cursor).toBe(guest.cursor);
      coalescer.end();
    }),
    tries(1000),
  );
});
