import { expect, it } from "vitest";
import { Repeats } from "./repeats.ts";

it("the same within a double click is a repeat, another request or a later one is not", () => {
  let nowMs = 0;
  const repeats = new Repeats(() => nowMs);
  const isRepeat = (id: number): boolean => repeats.isRepeat(["quarantine.delete", { id }]);
  expect([isRepeat(1), isRepeat(1), isRepeat(2)]).toEqual([false, true, false]);
  nowMs = 499;
  expect(isRepeat(1)).toBe(true);
  nowMs = 500;
  expect([isRepeat(1), isRepeat(1)]).toEqual([false, true]);
  repeats.answered(["quarantine.delete", { id: 1 }]);
  expect([isRepeat(1), isRepeat(1)]).toEqual([false, true]);
});
