import { expect, it } from "vitest";
import { bytesWords, countOf } from "./format.ts";

it.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1_000, "1.0 kB"],
  [9_949, "9.9 kB"],
  [9_999, "10 kB"],
  [131_000_000, "131 MB"],
  [999_600, "1.0 MB"],
  [64 * 1024 * 1024, "67 MB"],
])("%d is %s", (bytes, words) => expect(bytesWords(bytes)).toBe(words));

it("counts in words, with thousands apart", () => {
  expect([countOf(1, "line"), countOf(2_140, "line"), countOf(2, "entry", "entries")]).toEqual([
    "1 line",
    "2 140 lines",
    "2 entries",
  ]);
});
