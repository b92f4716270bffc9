/** Writes a window's place straight to its element as the store changes: a move causes no React render. */
import type { WindowId } from "#shared/model/window.ts";
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
    const now = `${outer.x},${outer.y},${outer.width},${outer.height},${content.width},${frame.top},${level},${isShown(window)},${globalThis.devicePixelRatio}`;
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
  };
  write(wm.getState());
  return wm.subscribe(write);
}

/** The nearest place where the pixels of a guest fall on those of the screen. */
export function onPixel(value: number): number {
  return Math.round(value * window.devicePixelRatio) / window.devicePixelRatio;
}
