import { describe, expect, it } from "vitest";
import { find, walk, type WalkKey } from "./icon-walk.ts";

describe("keys walk over icons that fill columns of three", () => {
  // 0 3 6
  // 1 4
  // 2 5
  const steps: readonly [WalkKey, from: number, to: number][] = [
    ["ArrowDown", 0, 1],
    ["ArrowDown", 2, 3],
    ["ArrowDown", 6, 6],
    ["ArrowUp", 0, 0],
    ["ArrowUp", 3, 2],
    ["ArrowRight", 0, 3],
    ["ArrowRight", 4, 6],
    ["ArrowRight", 6, 6],
    ["ArrowLeft", 5, 2],
    ["ArrowLeft", 2, 2],
    ["Home", 5, 0],
    ["End", 1, 6],
    ["ArrowDown", -1, 0],
    ["End", -1, 6],
  ];
  it.each(steps)("%s from %i leads to %i", (key, from, to) => expect(walk(key, from, 7, 3)).toBe(to));
});

it("letters lead to the next name that begins with them", () => {
  const names = ["alpha", "Beta", "bird", "cat"];
  expect(find(names, "b", -1)).toBe(1);
  expect(find(names, "b", 1)).toBe(2);
  expect(find(names, "b", 2)).toBe(1);
  expect(find(names, "bi", 1)).toBe(2);
  expect(find(names, "x", 0)).toBe(-1);
});
