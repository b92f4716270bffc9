import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Heartbeat } from "./heartbeat.ts";

const INTERVAL_MS = 3_000;
/** When the first beat comes after an answer was awaited for longer than 12 s. */
const MISSED_MS = 15_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function beating(): { heartbeat: Heartbeat; pings: bigint[]; changes: boolean[] } {
  const [pings, changes]: [bigint[], boolean[]] = [[], []];
  const heartbeat = new Heartbeat({
    ping: (nonce) => void pings.push(nonce),
    changed: (isResponsive) => void changes.push(isResponsive),
  });
  heartbeat.start();
  return { heartbeat, pings, changes };
}

it("an agent that answers is asked every few seconds, one ping at a time", () => {
  const { heartbeat, pings, changes } = beating();
  heartbeat.start();
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(pings).toEqual([1n]);
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(pings).toEqual([1n]);
  heartbeat.answered(1n);
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(pings).toEqual([1n, 2n]);
  expect(changes).toEqual([]);
});

it("one that does not is said once to be missing, and once to be there again", () => {
  const { heartbeat, changes } = beating();
  vi.advanceTimersByTime(MISSED_MS);
  expect(changes).toEqual([]);
  vi.advanceTimersByTime(2 * INTERVAL_MS);
  expect(changes).toEqual([false]);
  heartbeat.answered(1n);
  expect(changes).toEqual([false, true]);
});

it("an answer to another ping is none", () => {
  const { heartbeat, changes } = beating();
  vi.advanceTimersByTime(INTERVAL_MS);
  heartbeat.answered(2n);
  vi.advanceTimersByTime(MISSED_MS);
  expect(changes).toEqual([false]);
  heartbeat.answered(2n);
  expect(changes).toEqual([false]);
});

it("one that is paused is not asked, and has the whole time again when it goes on", () => {
  const { heartbeat, pings, changes } = beating();
  vi.advanceTimersByTime(INTERVAL_MS);
  heartbeat.suspend(true);
  vi.advanceTimersByTime(10 * MISSED_MS);
  heartbeat.suspend(false);
  vi.advanceTimersByTime(12_000);
  expect(changes).toEqual([]);
  heartbeat.answered(1n);
  heartbeat.suspend(true);
  vi.advanceTimersByTime(MISSED_MS);
  expect(pings).toEqual([1n]);
  heartbeat.suspend(false);
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(pings).toEqual([1n, 2n]);
  vi.advanceTimersByTime(MISSED_MS);
  expect(changes).toEqual([false]);
});

it("nobody is asked after its end", () => {
  const { heartbeat, pings } = beating();
  heartbeat.stop();
  vi.advanceTimersByTime(MISSED_MS);
  expect(pings).toEqual([]);
  heartbeat.stop();
  heartbeat.start();
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(pings).toEqual([1n]);
});
