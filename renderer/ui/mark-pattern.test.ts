import { expect, it } from "vitest";
import { LABELS } from "#shared/model/label.ts";
import { markPattern } from "./mark-pattern.ts";

it("the same digits are the same picture, and each digit changes it", () => {
  const picture = (digits: string): string => JSON.stringify(markPattern(digits));
  expect(picture("1234abcd")).toBe(picture("1234abcd"));
  const pictures = new Set(["00000000", "10000000", "01000000", "00100000", "00010000", "00000001"].map(picture));
  expect(pictures.size).toBe(6);
});

it("a tile has two quarter circles, around one pair of its corners or the other", () => {
  const paths = (digits: string): string[] => markPattern(digits).lines.map(({ path }) => path);
  expect(paths("00000000").map((path) => path.slice(0, 26))).toEqual([
    "M10 0A10 10 0 0 1 0 10M30 ",
    "M20 10A10 10 0 0 0 10 20M4",
  ]);
  expect(paths("00010000").map((path) => path.slice(0, 23))).toEqual([
    "M10 0A10 10 0 0 0 20 10",
    "M0 10A10 10 0 0 1 10 20",
  ]);
  for (const path of paths("00000000")) expect(path.match(/M/g)).toHaveLength(16);
});

it("no colour of it is the colour of a label", () => {
  const used = Array.from({ length: 6 }, (_, at) => {
    const { ground, lines } = markPattern(`0000000${at}`);
    return [ground, ...lines.map(({ colour }) => colour)];
  });
  expect(new Set(used.map(String)).size).toBe(6);
  for (const { colour } of Object.values(LABELS)) expect(used.flat()).not.toContain(colour);
});
