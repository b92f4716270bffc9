import { expect, test } from "vitest";
import { family, parseStat } from "./cpu.ts";

test("a process's name may look like more fields", () => {
  const text = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10";
  expect(parseStat(text)).toEqual({ pid: 42, parent: 7, seconds: 3 });
});

test("a family is the roots and all below them, each once", () => {
  const of = (pid: number, parent: number): { pid: number; parent: number; seconds: number } => ({
    pid,
    parent,
    seconds: 1,
  });
  const all = [of(1, 0), of(2, 1), of(3, 2), of(4, 1), of(5, 3), of(6, 4)];
  expect(family(all, [2, 3]).map(({ pid }) => pid)).toEqual([2, 3, 5]);
  expect(family(all, [9])).toEqual([]);
  expect(family(all, [1], [3]).map(({ pid }) => pid)).toEqual([1, 2, 4, 6]);
});
