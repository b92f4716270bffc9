/** What a program is asked to be like, from the window manager's state. Pure. */
import type { Rect, Size } from "#shared/model/window.ts";
import { STATE_BITS, type Wish } from "./configurer.ts";
import { contentIn, fill, FRAMES } from "./geometry.ts";
import { type DesktopWindow, frameOf, targetOf, type WmState } from "./state.ts";

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

/** What a program is told before it has drawn anything: it chooses its size, unless `wish` says one. */
export function firstWish(workArea: Rect, clientDecorated: boolean, wish: Partial<Wish>): Wish {
  const bounds = contentIn(fill(workArea, "all"), clientDecorated ? FRAMES.slim : FRAMES.full);
  return {
    width: 0,
    height: 0,
    states: 0,
    boundsWidth: Math.round(bounds.width),
    boundsHeight: Math.round(bounds.height),
    x: position(bounds.x),
    y: position(bounds.y),
    ...wish,
  };
}

function position(value: number): number {
  return Math.max(-32_767, Math.min(32_767, Math.round(value)));
}

/** `states` of a configure. */
export function statesOf(window: DesktopWindow, state: WmState): number {
  const isResizing = window.held !== null && Object.values(window.held).some(Boolean);
  return (
    (state.focused === window.id && !window.isMinimized ? STATE_BITS.activated : 0) |
    (window.placement === "maximized" ? STATE_BITS.maximized : 0) |
    (window.placement === "fullscreen" || window.placement === "screen" ? STATE_BITS.fullscreen : 0) |
    (isResizing ? STATE_BITS.resizing : 0) |
    (window.placement === "left" || window.placement === "right" ? STATE_BITS.tiled : 0)
  );
}
