import { expect, it } from "vitest";
import { agoWords, bytesWords, countOf, durationWords } from "./format.ts";

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

it.each([
  [0, "just now"],
  [4.9, "just now"],
  [12.7, "12 s ago"],
  [59.9, "59 s ago"],
  [60, "1 min ago"],
  [3_600, "1 h ago"],
])("%d seconds are %s", (ageS, words) => expect(agoWords(ageS)).toBe(words));

it("counts in words, with thousands apart", () => {
  expect([countOf(1, "line"), countOf(2_140, "line"), countOf(2, "entry", "entries")]).toEqual([
    "1 line",
    "2 140 lines",
    "2 entries",
  ]);
});

it.each([
  [0, "1 s"],
  [8.4, "8 s"],
  [12, "10 s"],
  [57, "55 s"],
  [58, "1 min"],
  [250, "4 min"],
  [3_599, "1 h"],
  [4_810, "1 h 20 min"],
  [86_000, "23 h 50 min"],
  [90_000, "more than a day"],
])("%d seconds are %s", (seconds, words) => expect(durationWords(seconds)).toBe(words));
