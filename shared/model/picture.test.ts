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
});

it.each([
  null,
  "picture",
  {},
  { ...SHOWN, width: 481, pixels: new Uint8Array(481 * 4) },
  { ...SHOWN, height: 241, pixels: new Uint8Array(2 * 241 * 4) },
  { ...SHOWN, width: 0, pixels: new Uint8Array(0) },
  { ...SHOWN, width: 1.5 },
  { ...SHOWN, pixels: new Uint8Array(9) },
  { ...SHOWN, pixels: [0, 0, 0, 0, 0, 0, 0, 0] },
  { ...SHOWN, fullHeight: 32_768 },
])("does not take %j", (untrusted) => {
  expect(parseShownPicture(untrusted)).toBeNull();
});
