import { beforeEach, expect, it } from "vitest";
import { RateLimit } from "./rate-limit.ts";

let nowMs = 0;
beforeEach(() => void (nowMs = 0));

/** How many can be taken, each of `size`. */
function takeAll(limit: RateLimit, size = 1): number {
  let count = 0;
  while (limit.take(size)) count += 1;
  return count;
}

it("a burst may be had at once, then so much a second, and after a rest the burst again and no more", () => {
  const limit = new RateLimit(10, 50, () => nowMs);
  expect(takeAll(limit)).toBe(50);
  nowMs += 1500;
  expect(takeAll(limit)).toBe(15);
  nowMs += 3_600_000;
  expect(takeAll(limit)).toBe(50);
});

it("what costs more than there is takes nothing", () => {
  const limit = new RateLimit(10, 50, () => nowMs);
  expect(limit.take(51)).toBe(false);
  expect(takeAll(limit, 20)).toBe(2);
  expect(takeAll(limit)).toBe(10);
});

it("what was done already may cost more than there is, and then takes time", () => {
  const limit = new RateLimit(10, 50, () => nowMs);
  expect(limit.spend(50)).toBe(0);
  expect(limit.spend(20)).toBe(2_000);
  nowMs += 1_000;
  expect(limit.spend(0)).toBe(1_000);
  expect(limit.take()).toBe(false);
  nowMs += 1_100;
  expect(limit.spend(1)).toBe(0);
});
