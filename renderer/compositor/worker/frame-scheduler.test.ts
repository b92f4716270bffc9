import { beforeEach, describe, expect, it } from "vitest";
import {
  FrameScheduler,
  KEY_RESPONSE_TIMEOUT_MS,
  MIN_KEY_INTERVAL_MS,
  type ScheduledLink,
  TYPING_MS,
} from "./frame-scheduler.ts";

const REFRESH_MS = 1000 / 60;

let scheduler: FrameScheduler;
let typed: ScheduledLink;
let other: ScheduledLink & { lastDrawMs: number };

beforeEach(() => {
  scheduler = new FrameScheduler();
  typed = { lastDrawMs: 0, unansweredKeyMs: null };
  other = { lastDrawMs: 0, unansweredKeyMs: null };
});

/** Keys at these moments; 0 is the first one's. `answeredAfterMs`: the typed VM draws so long after each; null = never. */
function press(atMs: readonly number[], answeredAfterMs: number | null): void {
  for (const at of atMs) {
    scheduler.keyPressed(typed, at);
    if (answeredAfterMs !== null) scheduler.drawn(typed);
  }
}

describe("frames of other VMs wait", () => {
  it.each([
    // since the key, last drawing of the other VM, expected wait
    ["until the response, at most the timeout", null, 10, 0, KEY_RESPONSE_TIMEOUT_MS - 10],
    ["no longer than the timeout", null, KEY_RESPONSE_TIMEOUT_MS, 0, 0],
    ["not between the response and the next key", 10, 11, 10, 0],
    ["not before the next key may come", 10, MIN_KEY_INTERVAL_MS - 1, MIN_KEY_INTERVAL_MS - 2, 0],
    ["a refresh and a bit after their last one, when the next key may come", 10, 100, 95, 15],
    ["not when they have drawn nothing for two refreshes", 10, 100, 100 - 2 * REFRESH_MS, 0],
    ["as long when the last key was not answered", null, 100, 95, 15],
    ["until nobody has typed for half a second", 10, TYPING_MS, TYPING_MS - 5, 15],
    ["not when nobody has typed for half a second", 10, TYPING_MS + 1, TYPING_MS, 0],
  ] as const)("%s", (_rule, answeredAfterMs, nowMs, lastDrawMs, waitMs) => {
    press([0], answeredAfterMs);
    other.lastDrawMs = lastDrawMs;
    expect(scheduler.waitMs(other, nowMs)).toBeCloseTo(waitMs);
  });

  it("not at all where nobody types", () => {
    expect(scheduler.waitMs(other, 5)).toBe(0);
    expect(scheduler.isHeldForResponse(other, 5)).toBe(false);
  });

  it("not when they are the typed VM's own", () => {
    press([0], null);
    for (const nowMs of [0, 10, 100]) expect(scheduler.waitMs(typed, nowMs)).toBe(0);
    expect(scheduler.isHeldForResponse(typed, 10)).toBe(false);
  });

  it("for the VM in which the last key was typed, not for the one before", () => {
    press([0], 5);
    scheduler.keyPressed(other, 300);
    scheduler.drawn(other);
    expect(scheduler.waitMs(other, 400)).toBe(0);
    typed = { ...typed, lastDrawMs: 395 };
    expect(scheduler.waitMs(typed, 400)).toBeCloseTo(15);
  });
});

describe("a response is awaited", () => {
  it.each([
    ["of a key", [0], 29, true],
    ["at most so long after the first key that was not answered", [0, 20], 30, false],
    ["not of keys that the keyboard repeats", [0, 33], 33, false],
    ["not of a program that has not answered the key before", [0, 200], 201, false],
  ] as const)("%s", (_rule, keys, nowMs, isHeld) => {
    press(keys, null);
    expect(scheduler.isHeldForResponse(other, nowMs)).toBe(isHeld);
  });

  it("of a key that comes as soon as a person may press one", () => {
    press([0, MIN_KEY_INTERVAL_MS - 1], 0);
    scheduler.keyPressed(typed, 2 * MIN_KEY_INTERVAL_MS);
    expect(scheduler.isHeldForResponse(other, 2 * MIN_KEY_INTERVAL_MS)).toBe(true);
  });

  it("again of a program that gave none, once it has drawn", () => {
    press([0], null);
    scheduler.drawn(typed);
    scheduler.keyPressed(typed, 200);
    expect(scheduler.isHeldForResponse(other, 201)).toBe(true);
  });

  it("gives others no credits, which typing alone does not keep from them", () => {
    press([0], 0);
    other.lastDrawMs = 99;
    expect([scheduler.waitMs(other, 100) > 0, scheduler.isHeldForResponse(other, 100)]).toEqual([true, false]);
  });
});

describe("the refresh interval", () => {
  const held = (): number => {
    press([0], 0);
    other.lastDrawMs = 100;
    return scheduler.waitMs(other, 100);
  };

  it.each([
    ["a fast screen's is measured", [1000 / 144, 1000 / 144], (1.2 * 1000) / 144],
    ["skipped refreshes do not make it longer than 60 Hz", Array<number>(50).fill(50), 1.2 * REFRESH_MS],
    ["a single skipped one makes it a millisecond longer", [8, 33], 1.2 * 9],
    ["two animation frames at once are no refresh", [0], 1.2 * 4],
  ] as const)("%s", (_rule, intervals, waitMs) => {
    for (const interval of intervals) scheduler.refreshed(interval);
    expect(held()).toBeCloseTo(waitMs);
  });
});

/** What reaches the screen of an animation of the screen's rate, while somebody types: the promise of the module's head. */
describe("at least half of an animation is shown", () => {
  const cases = [30, 45, 59, 60, 70, 100, 143, 300].flatMap((keyEveryMs) =>
    [5, 12, 25, null].map((responseMs) => ({ keyEveryMs, responseMs })),
  );

  it.each(cases)("a key each $keyEveryMs ms, answered after $responseMs ms", ({ keyEveryMs, responseMs }) => {
    const seconds = 60;
    let shown = 0;
    let nextKeyMs = 0;
    let responseAtMs = Number.POSITIVE_INFINITY;
    // By the millisecond, with phases that drift: keys and refreshes have no common divisor.
    let refreshes = 0;
    for (let nowMs = 0; nowMs < seconds * 1000; nowMs += 1) {
      if (nowMs >= responseAtMs) {
        scheduler.drawn(typed);
        responseAtMs = Number.POSITIVE_INFINITY;
      }
      if (nowMs >= nextKeyMs) {
        scheduler.keyPressed(typed, nowMs);
        if (responseMs !== null && responseAtMs === Number.POSITIVE_INFINITY) responseAtMs = nowMs + responseMs;
        nextKeyMs += keyEveryMs + 0.37;
      }
      if (nowMs < refreshes * REFRESH_MS) continue;
      refreshes += 1;
      if (scheduler.waitMs(other, nowMs) > 0) continue;
      shown += 1;
      other.lastDrawMs = nowMs;
    }
    expect(shown / refreshes).toBeGreaterThanOrEqual(0.5);
  });
});
