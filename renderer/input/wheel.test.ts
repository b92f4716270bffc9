import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WheelAxis } from "./wheel.ts";

const wheel = (deltaX: number, deltaY: number, deltaMode = 0) => ({ deltaX, deltaY, deltaMode, timeStamp: 5 });

describe("the wheel", () => {
  it("gives 120 steps and 15 units for a notch, both ways and on both axes", () => {
    const axis = new WheelAxis();
    expect(axis.take(wheel(0, 120))).toMatchObject({ x120: 0, y120: 120, xFixed: 0, yFixed: 15 * 256, timeMs: 5 });
    expect(axis.take(wheel(0, -120))).toMatchObject({ y120: -120, yFixed: -15 * 256 });
    expect(axis.take(wheel(-120, 0))).toMatchObject({ x120: -120, y120: 0, xFixed: -15 * 256, yFixed: 0 });
  });

  it("gives parts of a notch as they come", () => {
    expect(new WheelAxis().take(wheel(0, 30))).toMatchObject({ y120: 30, yFixed: 3.75 * 256 });
  });

  it("loses nothing of a touchpad's fractions", () => {
    const axis = new WheelAxis();
    let steps = 0;
    for (let count = 0; count < 100; count += 1) steps += axis.take(wheel(0, 0.3))?.y120 ?? 0;
    expect(steps).toBeGreaterThanOrEqual(29);
    expect(steps).toBeLessThanOrEqual(30);
  });

  it("knows lines", () => {
    expect(new WheelAxis().take(wheel(0, 3, 1))).toMatchObject({ y120: 120 });
  });

  it("stays within what the link takes, whatever a device says", () => {
    const axis = new WheelAxis();
    fc.assert(
      fc.property(
        fc.double({ noNaN: true }),
        fc.double({ noNaN: true }),
        fc.integer({ min: 0, max: 3 }),
        (x, y, mode) => {
          const taken = axis.take(wheel(x, y, mode));
          for (const steps of taken === null ? [] : [taken.x120, taken.y120]) {
            expect(Number.isSafeInteger(steps) && Math.abs(steps) <= 12_000).toBe(true);
          }
        },
      ),
    );
  });
});
