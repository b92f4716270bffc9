import { expect, it } from "vitest";
import { MAX_AREA_PX, MAX_DAMAGE_RECTS, maxBufferPx, maxFrameRects } from "./limits.ts";

it.each([
  [0, 3840 * 2160],
  [1920 * 1080, 3840 * 2160],
  [1920 * 1080 + 1, 4 * (1920 * 1080 + 1)],
  [3840 * 2160, 4 * 3840 * 2160],
  [MAX_AREA_PX / 4, MAX_AREA_PX],
  [MAX_AREA_PX, MAX_AREA_PX],
])("on an output of %i pixels a buffer has at most %i", (outputPx, bufferPx) => {
  expect(maxBufferPx(outputPx)).toBe(bufferPx);
});

it.each([
  [0, 0],
  [2047, 0],
  [2048, 1],
  [3840 * 2160, 4050],
])("a frame of %i pixels may have %i rectangles more than a small one", (areaPx, more) => {
  expect(maxFrameRects(areaPx)).toBe(MAX_DAMAGE_RECTS + more);
});
