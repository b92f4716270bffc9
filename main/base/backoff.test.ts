import { expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

it("what ends again and again is waited for longer and longer, up to half a minute", () => {
  const backoff = new Backoff();
  let nowMs = 5_000;
  const delays = Array.from({ length: 8 }, () => {
    const delayMs = backoff.nextDelayMs(nowMs);
    nowMs += delayMs + 200;
    return delayMs / 1_000;
  });
  expect(delays).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
});

it("what has held for a minute is begun again as at first", () => {
  const backoff = new Backoff();
  expect(backoff.nextDelayMs(0)).toBe(1_000);
  expect(backoff.nextDelayMs(1_500)).toBe(2_000);
  expect(backoff.nextDelayMs(3_500 + 59_999)).toBe(4_000);
  expect(backoff.nextDelayMs(3_500 + 60_000 + 4_000 + 60_000)).toBe(1_000);
});
