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
  const [plain, turned] = [markPattern("00000000").path, markPattern("00010000").path];
  expect(plain.startsWith("M10 0A10 10 0 0 1 0 10M20 10A10 10 0 0 0 10 20M30 0")).toBe(true);
  expect(turned.startsWith("M10 0A10 10 0 0 0 20 10M0 10A10 10 0 0 1 10 20M30 0")).toBe(true);
  expect(plain.match(/M/g)).toHaveLength(32);
});

it("no colour of it is the colour of a label", () => {
  const used = Array.from({ length: 6 }, (_, at) => markPattern(`0000000${at}`));
  expect(new Set(used.map(({ ground, line, core }) => ground + line + core)).size).toBe(6);
  for (const { colour } of Object.values(LABELS))
    for (const { ground, line, core } of used) expect([ground, line, core]).not.toContain(colour);
});
