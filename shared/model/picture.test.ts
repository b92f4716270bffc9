import { expect, it } from "vitest";
import { parseShownPicture, shownSize } from "./picture.ts";

it.each([
  [64, 48, 64, 48],
  [480, 240, 480, 240],
  [4_800, 1_200, 480, 120],
  [1_000, 32_767, 7, 240],
  [32_767, 1, 480, 1],
])("of %d x %d pixels, %d x %d are shown", (fullWidth, fullHeight, width, height) => {
  expect(shownSize(fullWidth, fullHeight)).toEqual({ width, height });
});

const SHOWN = { width: 2, height: 1, pixels: new Uint8Array(8), fullWidth: 20, fullHeight: 10 };

it("takes what a box says of its picture", () => {
  expect(parseShownPicture({ ...SHOWN, more: 1 })).toEqual(SHOWN);
  const most = { width: 480, height: 240, pixels: new Uint8Array(480 * 240 * 4) };
  const largest = { ...most, fullWidth: 32_767, fullHeight: 32_767 };
  expect(parseShownPicture(largest)).toEqual(largest);
  const least = { width: 1, height: 1, pixels: new Uint8Array(4), fullWidth: 1, fullHeight: 1 };
  expect(parseShownPicture(least)).toEqual(least);
});

it.each([
  null,
  undefined,
  "picture",
  {},
  { ...SHOWN, width: 481, pixels: new Uint8Array(481 * 4) },
  { ...SHOWN, height: 241, pixels: new Uint8Array(2 * 241 * 4) },
  { ...SHOWN, width: 0, pixels: new Uint8Array(0) },
  { ...SHOWN, width: 1.5, pixels: new Uint8Array(6) },
  { ...SHOWN, pixels: new Uint8Array(9) },
  { ...SHOWN, pixels: [0, 0, 0, 0, 0, 0, 0, 0] },
  { ...SHOWN, pixels: new Uint8Array(7) },
  { ...SHOWN, fullHeight: 32_768 },
  { ...SHOWN, fullWidth: 32_768 },
  { ...SHOWN, fullWidth: 0 },
  { ...SHOWN, fullHeight: 0 },
  { ...SHOWN, fullHeight: "10" },
  { ...SHOWN, height: 0, pixels: new Uint8Array(0) },
  { ...SHOWN, height: NaN },
])("does not take %j", (untrusted) => {
  expect(parseShownPicture(untrusted)).toBeNull();
});
