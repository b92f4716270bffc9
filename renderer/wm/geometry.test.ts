import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SizeHints } from "#shared/model/window.ts";
import { clampSize, contentIn, keepPopupNear, outerOf, sizeAfterDrag } from "./geometry.ts";

const FREE: SizeHints = { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null };

describe("geometry", () => {
  it("a frame lies around its content, and content fills its frame", () => {
    const content = { x: 100, y: 100, width: 400, height: 300 };
    expect(outerOf(content)).toEqual({ x: 99, y: 64, width: 402, height: 337 });
    expect(contentIn(outerOf(content))).toEqual(content);
  });

  it("a tiny window has a frame with room for tag and buttons", () => {
    expect(outerOf({ x: 0, y: 0, width: 1, height: 1 }).width).toBe(200);
  });

  it("dragging the left edge to the left makes the window wider", () => {
    const left = { top: false, bottom: false, left: true, right: false };
    expect(sizeAfterDrag({ width: 400, height: 300 }, left, -50, 999, FREE)).toEqual({ width: 450, height: 300 });
  });

  it("any hints, nonsense included, give a size that can be", () => {
    const bound = fc.option(fc.integer({ min: -5, max: 100_000 }));
    const hints = fc.record({ minWidth: bound, minHeight: bound, maxWidth: bound, maxHeight: bound });
    fc.assert(
      fc.property(fc.integer(), fc.integer(), hints, (width, height, some) => {
        const size = clampSize({ width, height }, some);
        for (const side of [size.width, size.height]) expect(side >= 1 && side <= 16_384).toBe(true);
      }),
    );
  });

  it("a popup stays near its window, wherever the guest wants it", () => {
    const owner = { x: 500, y: 300, width: 400, height: 300 };
    expect(keepPopupNear({ x: 10, y: 290, width: 200, height: 500 }, owner)).toEqual({
      x: 10,
      y: 290,
      width: 200,
      height: 500,
    });
    const far = keepPopupNear({ x: 30_000, y: -30_000, width: 50, height: 50 }, owner);
    expect(far.x).toBeLessThan(600);
    expect(far.y).toBeGreaterThan(-250);
  });
});
