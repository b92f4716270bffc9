/** What a program is asked to be like, from the window manager's state. Pure. */
import type { GuestWindow, Rect, Size } from "#shared/model/window.ts";
import { MAX_COORDINATE } from "#shared/protocol/limits.ts";
import { STATE_BITS, type Wish } from "./configurer.ts";
import { clampSize, contentIn, fill } from "./geometry.ts";
import {
  contentFor,
  type DesktopWindow,
  frameFor,
  frameOf,
  type Placement,
  type Remembered,
  targetOf,
  type WmState,
} from "./state.ts";

const PLACEMENT_BITS: Readonly<Record<Placement, number>> = {
  free: 0,
  maximized: STATE_BITS.maximized,
  fullscreen: STATE_BITS.fullscreen,
  screen: STATE_BITS.fullscreen,
  left: STATE_BITS.tiled,
  right: STATE_BITS.tiled,
};

/** What a window of this state shall be, with this size. */
export function wishOf(window: DesktopWindow, state: WmState, { width, height }: Size): Wish {
  const content = targetOf(window, state.workArea);
  const bounds = contentIn(fill(state.workArea, "all"), frameOf(window, state.workArea, "free"));
  return {
    width,
    height,
    states: statesOf(window, state),
    boundsWidth: Math.round(bounds.width),
    boundsHeight: Math.round(bounds.height),
    x: position(content.x),
    y: position(content.y),
  };
}

/** What a program is told before it has drawn anything: it chooses its size, unless one is known from an earlier time. */
export function firstWish(
  { clientDecorated, hints }: GuestWindow,
  workArea: Rect,
  remembered: Remembered | null,
): Wish {
  const placement = remembered?.placement ?? "free";
  const frame = frameFor(placement, clientDecorated, workArea);
  const bounds = contentIn(fill(workArea, "all"), frame);
  const content = contentFor(placement, remembered?.free ?? bounds, frame, hints, workArea);
  const isSizeKnown = placement !== "free" || remembered?.keepsSize === true;
  const size = isSizeKnown ? clampSize(content, hints) : { width: 0, height: 0 };
  return {
    ...size,
    states: PLACEMENT_BITS[placement],
    boundsWidth: Math.round(bounds.width),
    boundsHeight: Math.round(bounds.height),
    x: position(content.x),
    y: position(content.y),
  };
}

function position(value: number): number {
  return Math.max(-MAX_COORDINATE, Math.min(MAX_COORDINATE, Math.round(value)));
}

/** `states` of a configure. */
export function statesOf(window: DesktopWindow, state: WmState): number {
  const isResizing = window.held !== null && Object.values(window.held).some(Boolean);
  return (
    (state.focused === window.id && !window.isMinimized ? STATE_BITS.activated : 0) |
    PLACEMENT_BITS[window.placement] |
    (isResizing ? STATE_BITS.resizing : 0)
  );
}
