// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import type { CursorImage } from "#shared/model/surface-event.ts";
import { cursorOf } from "./cursor.ts";

const cssCursor = (image: CursorImage): string => cursorOf(image).css;
type Bitmap = Extract<CursorImage, { kind: "bitmap" }>;
const bitmap = (width: number, height: number, change: Partial<Bitmap> = {}): Bitmap => ({
  kind: "bitmap",
  width,
  height,
  hotX: 4,
  hotY: 6,
  scale: 1,
  pixels: new Uint8Array(width * height * 4),
  ...change,
});

it("a shape is one that CSS knows, or the usual one", () => {
  const shape = (name: string): string => cssCursor({ kind: "shape", name });
  expect(shape("text")).toBe("text");
  expect(shape('url("https://a"), none')).toBe("default");
});

it("a bitmap is shown with its hot spot, in the size that its scale says", () => {
  expect(cssCursor(bitmap(24, 32))).toMatch(/^image-set\(url\(".*"\) 1x\) 4 6, default$/);
  expect(cssCursor(bitmap(64, 64, { scale: 2, hotX: 63, hotY: 9 }))).toMatch(/ 2x\) 31 4, default$/);
  expect(cssCursor(bitmap(24, 24, { hotX: 9_999 }))).toMatch(/ 23 6, default$/);
});

it("a bitmap that could reach over the host's label is not shown", () => {
  for (const image of [bitmap(33, 8), bitmap(8, 33), bitmap(256, 256), bitmap(128, 128, { scale: 2 })])
    expect(cssCursor(image)).toBe("default");
  expect(cssCursor(bitmap(256, 256, { scale: 9_999 }))).toBe("default");
});

it("a bitmap says how far it reaches from the pointer; the host's own cursors need not", () => {
  expect(cursorOf(bitmap(24, 32)).reach).toEqual({ left: 4, top: 6, right: 20, bottom: 26 });
  expect(cursorOf(bitmap(64, 64, { scale: 2, hotX: 63, hotY: 9 })).reach).toEqual({
    ...{ left: 31, top: 4, right: 1, bottom: 28 },
  });
  expect(cursorOf({ kind: "shape", name: "text" }).reach).toBeNull();
  expect(cursorOf(bitmap(33, 8)).reach).toBeNull();
});

it("a bitmap of nonsense is not shown", () => {
  expect(cssCursor(bitmap(0, 8))).toBe("default");
  expect(cssCursor(bitmap(8, 8, { pixels: new Uint8Array(3) }))).toBe("default");
});

it("its pixels are BGRA, premultiplied", () => {
  let drawn: unknown = null;
  vi.stubGlobal("ImageData", function (this: { data: Uint8ClampedArray }, data: Uint8ClampedArray) {
    this.data = data;
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
    putImageData: (data: unknown) => (drawn = data),
  } as unknown as null);
  cssCursor(bitmap(2, 1, { pixels: Uint8Array.of(0, 64, 128, 128, 0, 0, 0, 0) }));
  expect(drawn).toMatchObject({ data: Uint8ClampedArray.of(255, 128, 0, 128, 0, 0, 0, 0) });
});
