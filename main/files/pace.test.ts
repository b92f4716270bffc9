import { expect, it } from "vitest";
import { Pace } from "./pace.ts";

it("says how much has come a second in the last seconds, and nothing at first", () => {
  let nowMs = 0;
  const pace = new Pace(() => nowMs);
  expect(pace.rate).toBeNull();
  pace.reset(1_000);
  expect(pace.rate).toBeNull();
  for (nowMs = 100; nowMs <= 10_000; nowMs += 100) pace.count(1_000 + nowMs * 2);
  nowMs = 10_000;
  expect(pace.rate).toBeCloseTo(2_000);
  nowMs = 14_000;
  pace.count(21_000);
  expect(pace.rate).toBe(0);
});
