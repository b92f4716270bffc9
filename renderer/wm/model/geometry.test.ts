import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SizeHints } from "#shared/model/window.ts";
import {
  clampSize,
  wholeCells,
  contentIn,
  fill,
  FRAMES,
  intersection,
  outerOf,
  place,
  sizeAfterDrag,
  snapPart,
} from "./geometry.ts";

const FREE: SizeHints = { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null };

describe("geometry", () => {
  it("a frame lies around its content, and content fills its frame", () => {
    const content = { x: 100, y: 100, width: 400, height: 300 };
    expect(outerOf(content, FRAMES.full)).toEqual({ x: 99, y: 64, width: 402, height: 337 });
    for (const frame of Object.values(FRAMES)) expect(contentIn(outerOf(content, frame), frame)).toEqual(content);
  });

  it("a tiny window has a frame with room for tag and buttons", () => {
    expect(outerOf({ x: 0, y: 0, width: 1, height: 1 }, FRAMES.slim).width).toBe(200);
  });

  it("dragging the left edge to the left makes the window wider", () => {
    const left = { top: false, bottom: false, left: true, right: false };
    expect(sizeAfterDrag({ width: 400, height: 300 }, left, -50, 999, FREE)).toEqual({ width: 450, height: 300 });
  });

  it.each([
    [
      { width: 605, height: 403 },
      { width: 605, height: 388 },
    ],
    [
      { width: 604, height: 407 },
      { width: 595, height: 388 },
    ],
    [
      { width: 5, height: 5 },
      { width: 105, height: 88 },
    ],
    [
      { width: 5000, height: 5000 },
      { width: 695, height: 588 },
    ],
  ])("of a terminal, %j becomes whole cells: %j", (size, whole) => {
    const cells = { baseWidth: 5, baseHeight: 8, stepWidth: 10, stepHeight: 20, minAspect: null, maxAspect: null };
    const hints = { minWidth: 100, minHeight: 80, maxWidth: 700, maxHeight: 600, cells };
    expect(wholeCells(size, hints)).toEqual(whole);
  });

  it.each([
    [
      { width: 400, height: 100 },
      { width: 200, height: 100 },
    ],
    [
      { width: 100, height: 400 },
      { width: 100, height: 100 },
    ],
  ])("of a picture, %j keeps its shape: %j", (size, shaped) => {
    const cells = { baseWidth: 0, baseHeight: 0, stepWidth: 1, stepHeight: 1, minAspect: 1, maxAspect: 2 };
    expect(wholeCells(size, { ...FREE, cells })).toEqual(shaped);
  });

  it("any hints, nonsense included, give a size that can be", () => {
    const bound = fc.option(fc.integer({ min: -5, max: 100_000 }));
    const hints = fc.record({ minWidth: bound, minHeight: bound, maxWidth: bound, maxHeight: bound });
    const [base, step] = [fc.nat(8192), fc.integer({ min: 1, max: 8192 })];
    const aspect = fc.option(fc.double({ min: 1 / 65_536, max: 65_536, noNaN: true }));
    const sides = { baseWidth: base, baseHeight: base, stepWidth: step, stepHeight: step };
    const anyCells = fc.record({ ...sides, minAspect: aspect, maxAspect: aspect });
    fc.assert(
      fc.property(fc.integer(), fc.integer(), hints, anyCells, (width, height, some, cells) => {
        const size = clampSize({ width, height }, some);
        const whole = wholeCells({ width, height }, { ...some, cells });
        for (const side of [size.width, size.height, whole.width, whole.height])
          expect(side >= 1 && side <= 16_384).toBe(true);
      }),
    );
  });

  it("halves fill the work area together; one is wider where its program must be", () => {
    const area = { x: 0, y: 34, width: 1441, height: 866 };
    const [left, right] = [fill(area, "left"), fill(area, "right")];
    expect(left.width + right.width).toBe(area.width);
    expect(right.x).toBe(left.width);
    expect(fill(area, "right", 1000)).toEqual({ x: 441, y: 34, width: 1000, height: 866 });
    expect(fill(area, "left", 5000)).toEqual(area);
  });

  it("a new window hides none: something of a small one in the middle is still seen", () => {
    const area = { x: 0, y: 34, width: 1600, height: 966 };
    const small = outerOf({ x: 700, y: 400, width: 200, height: 100 }, FRAMES.full);
    const large = outerOf(place({ width: 800, height: 500 }, FRAMES.full, area, [small], null), FRAMES.full);
    const covered = intersection(large, small);
    expect((covered?.width ?? 0) * (covered?.height ?? 0)).toBeLessThan(small.width * small.height * 0.9);
  });

  it("a new window avoids those that are there, and a dialog opens over its parent", () => {
    const area = { x: 0, y: 34, width: 1440, height: 866 };
    const first = place({ width: 400, height: 300 }, FRAMES.full, area, [], null);
    const second = place({ width: 400, height: 300 }, FRAMES.full, area, [outerOf(first, FRAMES.full)], null);
    const covered = intersection(outerOf(first, FRAMES.full), outerOf(second, FRAMES.full));
    expect((covered?.width ?? 0) * (covered?.height ?? 0)).toBeLessThan((400 * 300) / 2);
    const parent = { x: 700, y: 300, width: 600, height: 400 };
    const dialog = place({ width: 300, height: 100 }, FRAMES.full, area, [parent], parent);
    expect(intersection(outerOf(dialog, FRAMES.full), parent)).toEqual(outerOf(dialog, FRAMES.full));
  });
});

describe("a moved window", () => {
  const area = { x: 0, y: 34, width: 1440, height: 866 };

  it("takes the half, or all, of the work area at whose edge the pointer is", () => {
    expect(snapPart(0, 400, area)).toBe("left");
    expect(snapPart(1439, 400, area)).toBe("right");
    expect(snapPart(700, 20, area)).toBe("all");
    expect(snapPart(700, 899, area)).toBeNull();
    expect(snapPart(20, 60, area)).toBeNull();
  });
});
