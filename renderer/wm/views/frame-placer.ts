/** Writes a window's place straight to its element as the store changes: a move causes no React render. */
import type { Rect, WindowId } from "#shared/model/window.ts";
import { outerOf } from "../model/geometry.ts";
import { contentOf, frameOf, isShown, type WmState } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

/** Returns a function that ends it. */
export function placeFrame(wm: WmStore, id: WindowId, element: HTMLElement): () => void {
  let written = "";
  const write = (state: WmState): void => {
    const window = state.windows[id];
    if (window === undefined) return;
    const content = contentOf(window, state.workArea);
    const frame = frameOf(window, state.workArea);
    const outer = outerOf(content, frame);
    const level = state.stack.indexOf(id) + 1;
    const overhang = overhangOf(outer, state.workArea);
    const now = `${overhang.left},${overhang.right},${outer.x},${outer.y},${outer.width},${outer.height},${content.width},${frame.top},${level},${isShown(window)},${globalThis.devicePixelRatio}`;
    if (now === written) return;
    written = now;
    const { style } = element;
    style.transform = `translate(${onPixel(content.x) - frame.side}px, ${onPixel(content.y) - frame.top}px)`;
    style.width = `${outer.width}px`;
    style.height = `${outer.height}px`;
    style.zIndex = String(level);
    style.visibility = isShown(window) ? "visible" : "hidden";
    style.setProperty("--content-width", `${content.width}px`);
    style.setProperty("--content-height", `${content.height}px`);
    style.setProperty("--frame-top", `${frame.top}px`);
    style.setProperty("--frame-side", `${frame.side}px`);
    style.setProperty("--bar-left", `${overhang.left}px`);
    style.setProperty("--bar-right", `${overhang.right}px`);
  };
  write(wm.getState());
  return wm.subscribe(write);
}

/** How much of a frame that is wider than the work area lies beside it: tag and buttons are in the part that does not. */
function overhangOf(outer: Rect, workArea: Rect): { left: number; right: number } {
  if (outer.width <= workArea.width) return { left: 0, right: 0 };
  return {
    left: Math.max(0, workArea.x - outer.x),
    right: Math.max(0, outer.x + outer.width - workArea.x - workArea.width),
  };
}

/** The nearest place where the pixels of a guest fall on those of the screen. */
export function onPixel(value: number): number {
  return Math.round(value * window.devicePixelRatio) / window.devicePixelRatio;
}
