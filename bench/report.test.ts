import { expect, test } from "vitest";
import { judged, percentile, sampleOf, table } from "./report.ts";

const finding = { name: "x", unit: "ms", ours: 8, theirs: 10, against: "rival", bar: { atMost: 0.8 } };

test("a percentile is the nearest rank, whatever the order", () => {
  const values = [5, 1, 4, 2, 3, 10, 9, 8, 7, 6];
  expect(percentile(values, 50)).toBe(5);
  expect(percentile(values, 95)).toBe(10);
  expect(percentile([7], 1)).toBe(7);
  expect(() => percentile([], 50)).toThrow(RangeError);
  expect(sampleOf([3, 1, 2])).toEqual({ n: 3, p50: 2, p95: 3 });
});

test("a bar holds at its edge and not beyond it", () => {
  expect(judged(finding).isKept).toBe(true);
  expect(judged({ ...finding, ours: 8.01 }).isKept).toBe(false);
  expect(judged({ ...finding, bar: { atLeast: 0.8 } }).isKept).toBe(true);
  expect(judged({ ...finding, ours: 7.9, bar: { atLeast: 0.8 } }).isKept).toBe(false);
});

test("a figure without a bar neither passes nor fails", () => {
  expect(judged({ ...finding, ours: 1000, bar: null }).isKept).toBeNull();
});

test("a figure that is no number breaks its bar", () => {
  expect(judged({ ...finding, ours: Number.NaN }).isKept).toBe(false);
  expect(judged({ ...finding, theirs: 0, bar: { atMost: 2 } }).isKept).toBe(false);
});

test("the table says pass and FAIL, and its lines are equally long", () => {
  const lines = table([judged(finding), judged({ ...finding, name: "a longer name", ours: 80 })]).split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[2]).toMatch(/\| x +\| 8\.00 ms .*0\.80 +\| ≤ 0.80 +\| pass/);
  expect(lines[3]).toMatch(/\| a longer name \| 80\.0 ms .*8\.00 +\| ≤ 0.80 +\| FAIL/);
});
