import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { atMostEach } from "./at-most-each.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is done at once, and once more for all that asked meanwhile", () => {
  const work = vi.fn<() => void>();
  const { ask } = atMostEach(200, work);
  for (let at = 0; at < 50; at += 1) ask();
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(199);
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(200);
  expect(work).toHaveBeenCalledTimes(2);
  ask();
  expect(work).toHaveBeenCalledTimes(3);
});

it("that itself is what is asked about again does not go on at once", () => {
  let done = 0;
  const each = atMostEach(200, () => {
    done += 1;
    each.ask();
  });
  each.ask();
  vi.advanceTimersByTime(1_000);
  expect(done).toBe(6);
});

it("is not done when it has ended", () => {
  const work = vi.fn<() => void>();
  const each = atMostEach(200, work);
  each.ask();
  each.ask();
  each.end();
  each.ask();
  vi.advanceTimersByTime(1_000);
  expect(work).toHaveBeenCalledTimes(1);
});
