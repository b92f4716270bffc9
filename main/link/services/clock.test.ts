import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MAX_CLOCK_MS, MIN_CLOCK_MS } from "#shared/protocol/limits.ts";
import { CLOCK } from "../contracts/clock.ts";
import { ServiceHost } from "../testing/service-host.ts";

const NOW_MS = MIN_CLOCK_MS + 1_000_000;
/** How often the host's clock is looked at. */
const LOOK_MS = 2_000;

beforeEach(() => void vi.useFakeTimers({ now: NOW_MS }));
afterEach(() => void vi.useRealTimers());

const toldOf = (host: ServiceHost): number[] => host.sentOf("clockSet").map(({ unixMs }) => Number(unixMs));
/** The host's clock is set by so much; the time that has passed is the same. */
const jump = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

it("a guest is told the time at its hello, and again when the host's clock has jumped", () => {
  const host = new ServiceHost();
  host.opened();
  expect(toldOf(host)).toEqual([NOW_MS]);
  vi.advanceTimersByTime(10 * LOOK_MS);
  expect(toldOf(host)).toHaveLength(1);
  for (const ms of [3_600_000, -3_600_000]) {
    jump(ms);
    const count = toldOf(host).length;
    vi.advanceTimersByTime(LOOK_MS);
    expect(toldOf(host).slice(count)).toEqual([Date.now()]);
    vi.advanceTimersByTime(5 * LOOK_MS);
    expect(toldOf(host)).toHaveLength(count + 1);
  }
});

it("a small jump is not told, a larger one is", () => {
  const host = new ServiceHost();
  host.opened();
  jump(250);
  vi.advanceTimersByTime(LOOK_MS);
  expect(toldOf(host)).toHaveLength(1);
  jump(1);
  vi.advanceTimersByTime(LOOK_MS);
  expect(toldOf(host)).toHaveLength(2);
});

it("a guest that is paused is told when it goes on", () => {
  const host = new ServiceHost();
  host.opened();
  host.order(CLOCK, { isPaused: false });
  host.order(CLOCK, { isPaused: true });
  jump(3_600_000);
  vi.advanceTimersByTime(5 * LOOK_MS);
  expect(toldOf(host)).toHaveLength(1);
  host.order(CLOCK, { isPaused: false });
  expect(toldOf(host)).toEqual([NOW_MS, Date.now()]);
});

it.each([
  [MIN_CLOCK_MS - 1, 0],
  [MIN_CLOCK_MS, 1],
  [MAX_CLOCK_MS, 1],
  [MAX_CLOCK_MS + 1, 0],
])("a host whose clock says %i tells it so often: %i", (nowMs, count) => {
  vi.setSystemTime(nowMs);
  const host = new ServiceHost();
  host.opened();
  expect(toldOf(host)).toHaveLength(count);
});

it("nothing is told after the end", () => {
  const host = new ServiceHost();
  host.opened();
  host.opened();
  host.close();
  jump(3_600_000);
  vi.advanceTimersByTime(5 * LOOK_MS);
  expect(toldOf(host)).toHaveLength(2);
});
