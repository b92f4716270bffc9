/** What a program is asked to be like (a configure, without its serial), from the window manager's state. Pure. */
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import { type GuestWindow, type Rect, type Size, WINDOW_STATE_BITS } from "#shared/model/window.ts";
import { MAX_COORDINATE } from "#shared/protocol/limits.ts";
import { clamp, clampSize, contentIn, fill } from "./geometry.ts";
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

export type ConfigureRequest = Omit<Extract<LinkCommand, { type: "configure" }>, "type" | "surface" | "serial">;

const PLACEMENT_BITS: Readonly<Record<Placement, number>> = {
  free: 0,
  maximized: WINDOW_STATE_BITS.maximized,
  appFullscreen: WINDOW_STATE_BITS.fullscreen,
  userFullscreen: WINDOW_STATE_BITS.fullscreen,
  left: WINDOW_STATE_BITS.tiled,
  right: WINDOW_STATE_BITS.tiled,
};

/** For a window in its present state, with this size. */
export function configureRequestOf(window: DesktopWindow, state: WmState, { width, height }: Size): ConfigureRequest {
  const bounds = contentIn(fill(state.workArea, "all"), frameOf(window, state.workArea, "free"));
  return {
    width,
    height,
    states: statesOf(window, state),
    ...whereabouts(targetOf(window, state.workArea), bounds),
  };
}

/** Before a program has drawn anything: it chooses its own size, unless one is known from an earlier time. */
export function firstConfigureRequest(
  { clientDecorated, hints }: GuestWindow,
  workArea: Rect,
  remembered: Remembered | null,
): ConfigureRequest {
  const placement = remembered?.placement ?? "free";
  const frame = frameFor(placement, clientDecorated, workArea);
  const bounds = contentIn(fill(workArea, "all"), frame);
  const content = contentFor(placement, remembered?.free ?? bounds, frame, hints, workArea);
  const isSizeKnown = placement !== "free" || remembered?.keepsSize === true;
  const size = isSizeKnown ? clampSize(content, hints) : { width: 0, height: 0 };
  return { ...size, states: PLACEMENT_BITS[placement], ...whereabouts(content, bounds) };
}

function whereabouts(content: Rect, bounds: Size): Pick<ConfigureRequest, "boundsWidth" | "boundsHeight" | "x" | "y"> {
  return {
    boundsWidth: Math.round(bounds.width),
    boundsHeight: Math.round(bounds.height),
    x: position(content.x),
    y: position(content.y),
  };
}

function position(value: number): number {
  return clamp(Math.round(value), -MAX_COORDINATE, MAX_COORDINATE);
}

/** `states` of a configure. */
export function statesOf(window: DesktopWindow, state: WmState): number {
  return (
    (state.focused === window.id && !window.isMinimized ? WINDOW_STATE_BITS.activated : 0) |
    PLACEMENT_BITS[window.placement] |
    (window.held?.kind === "resize" ? WINDOW_STATE_BITS.resizing : 0) |
    (window.isMinimized ? WINDOW_STATE_BITS.suspended : 0)
  );
}

/** Asks for the same in every respect. */
export function isSameRequest(a: ConfigureRequest, b: ConfigureRequest): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.states === b.states &&
    a.boundsWidth === b.boundsWidth &&
    a.boundsHeight === b.boundsHeight &&
    a.x === b.x &&
    a.y === b.y
  );
}
