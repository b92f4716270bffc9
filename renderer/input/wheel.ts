/**
 * Wheel events as a guest's axis events. Chromium gives pixels: 120 for a notch of a wheel on Linux, fractions of it for
 * high-resolution wheels and touchpads. Its `wheelDelta` is of no use: it is a whole notch for any part of one.
 */
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import { timeOf } from "./keyboard.ts";

export type AxisCommand = Extract<LinkCommand, { type: "pointerAxis" }>;

const PX_PER_NOTCH = 120;
const STEPS_PER_NOTCH = 120;
/** Logical pixels that a notch scrolls, as libinput has it. */
const UNITS_PER_NOTCH = 15;
/** DOM_DELTA_LINE, DOM_DELTA_PAGE: a notch is 3 lines; a page is taken for 8 notches. */
const PX_PER_DELTA: readonly number[] = [1, PX_PER_NOTCH / 3, PX_PER_NOTCH * 8];
/** Most steps of one event; see `pointerAxis` in link-port.ts. */
const MAX_STEPS = 12_000;

type WheelFacts = Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode" | "timeStamp">;

export class WheelAxis {
  /** Fractions of a step that have not been sent yet. */
  #restX = 0;
  #restY = 0;

  /** Positive = down, right. null: less than one step so far. */
  take(event: WheelFacts): AxisCommand | null {
    const factor = ((PX_PER_DELTA[event.deltaMode] ?? 1) * STEPS_PER_NOTCH) / PX_PER_NOTCH;
    const x = bounded(event.deltaX * factor + this.#restX);
    const y = bounded(event.deltaY * factor + this.#restY);
    const x120 = Math.trunc(x);
    const y120 = Math.trunc(y);
    this.#restX = x - x120;
    this.#restY = y - y120;
    if (x120 === 0 && y120 === 0) return null;
    return {
      type: "pointerAxis",
      x120: x120 + 0,
      y120: y120 + 0,
      xFixed: unitsOf(x120),
      yFixed: unitsOf(y120),
      finger: false,
      stopped: false,
      timeMs: timeOf(event),
    };
  }
}

function bounded(steps: number): number {
  return Math.max(-MAX_STEPS, Math.min(MAX_STEPS, steps));
}

/** Logical pixels x 256. */
function unitsOf(steps: number): number {
  return Math.round((steps / STEPS_PER_NOTCH) * UNITS_PER_NOTCH * 256) + 0;
}
