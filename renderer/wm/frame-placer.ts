/** Writes where a window is straight to its element, as the store changes: a move costs no React at all. */
import type { WindowId } from "#shared/model/window.ts";
import { FRAME, outerOf } from "./geometry.ts";
import { contentOf, isShown, type WmState } from "./state.ts";
import { wmStore } from "./store.ts";

/** Returns a function that ends it. */
export function placeFrame(id: WindowId, element: HTMLElement): () => void {
  let written = "";
  const write = (state: WmState): void => {
    const window = state.windows[id];
    if (window === undefined) return;
    const content = contentOf(window, state.workArea);
    const outer = outerOf(content);
    const level = state.stack.indexOf(id) + 1;
    const now = `${outer.x},${outer.y},${outer.width},${outer.height},${content.width},${level},${isShown(window)}`;
    if (now === written) return;
    written = now;
    const { style } = element;
    style.transform = `translate(${outer.x}px, ${outer.y}px)`;
    style.width = `${outer.width}px`;
    style.height = `${outer.height}px`;
    style.zIndex = String(level);
    style.visibility = isShown(window) ? "visible" : "hidden";
    style.setProperty("--content-width", `${content.width}px`);
    style.setProperty("--content-height", `${outer.height - FRAME.top - FRAME.bottom}px`);
  };
  write(wmStore.getState());
  return wmStore.subscribe(write);
}
