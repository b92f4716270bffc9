/** Interactive move and resize: the host holds the pointer until the button is up. No React on this path. */
import type { WindowId } from "#shared/model/window.ts";
import type { Pointer } from "../input/pointer.ts";
import type { Links } from "../vms/links.ts";
import type { Effects } from "./effects.ts";
import { clamp, type Edges, sizeAfterDrag } from "./geometry.ts";
import { contentOf, frameOf } from "./state.ts";
import { dispatch, wmStore } from "./store.ts";

export const NO_EDGES: Edges = { top: false, bottom: false, left: false, right: false };
/** A press that moves less is a click. */
const SLOP = 4;
/** The program's last answer to a resize is waited for this long. */
const LAST_ANSWER_MS = 600;

export class Drag {
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #pointer: Pointer;
  #end: (() => void) | null = null;
  /** Where the pointer was last seen: a program's own request to be moved comes without a place. */
  #last = { x: 0, y: 0 };

  constructor(links: Links, effects: Effects, pointer: Pointer) {
    this.#links = links;
    this.#effects = effects;
    this.#pointer = pointer;
    const remember = (event: PointerEvent): void => {
      this.#last = { x: event.clientX, y: event.clientY };
    };
    window.addEventListener("pointermove", remember, { capture: true, passive: true });
    window.addEventListener("pointerdown", remember, { capture: true, passive: true });
  }

  /** Moves a window with the pointer, from where the pointer is. A maximised one comes off when the pointer really moves. */
  move(id: WindowId): void {
    const start = this.#last;
    let grip: { x: number; y: number } | null = null;
    this.#begin(id, (x, y) => {
      const state = wmStore.getState();
      const window = state.windows[id];
      if (window === undefined) return this.cancel();
      if (grip === null) {
        if (Math.hypot(x - start.x, y - start.y) < SLOP) return;
        const content = contentOf(window, state.workArea);
        // Its own width is under the pointer, at the same part of the title bar.
        const part = (start.x - content.x) / Math.max(1, content.width);
        grip = {
          x: window.shownAs === "free" ? start.x - content.x : Math.round(part * window.free.width),
          y: clamp(start.y - content.y, -frameOf(window, state.workArea).top, window.free.height),
        };
        dispatch({ type: "hold", id, edges: NO_EDGES });
      }
      dispatch({ type: "moveTo", id, x: x - grip.x, y: y - grip.y });
    });
  }

  /** Resizes a window by edges; the program answers, the frame follows its answers. */
  resize(id: WindowId, edges: Edges): void {
    const state = wmStore.getState();
    const window = state.windows[id];
    if (window === undefined || window.frozen !== null) return;
    const start = { ...this.#last, ...contentOf(window, state.workArea) };
    const from = { ...this.#last };
    if (window.placement !== "free") return;
    dispatch({ type: "hold", id, edges });
    this.#begin(id, (x, y) => {
      this.#effects.askSize(id, sizeAfterDrag(start, edges, x - from.x, y - from.y, window.guest.hints));
    });
  }

  /** A program asks to be moved or resized: only while a button is down in that window. */
  requested(id: WindowId, edges: Edges | null): void {
    if (this.#pointer.pressedWindow !== id) return;
    if (edges === null) this.move(id);
    else this.resize(id, edges);
  }

  cancel(): void {
    this.#end?.();
  }

  #begin(id: WindowId, moved: (x: number, y: number) => void): void {
    this.cancel();
    this.#pointer.setHeldByHost(true);
    const onMove = (event: PointerEvent): void => moved(event.clientX, event.clientY);
    const onUp = (): void => this.cancel();
    window.addEventListener("pointermove", onMove, { capture: true });
    window.addEventListener("pointerup", onUp, { capture: true });
    window.addEventListener("pointercancel", onUp, { capture: true });
    window.addEventListener("blur", onUp);
    this.#end = () => {
      this.#end = null;
      window.removeEventListener("pointermove", onMove, { capture: true });
      window.removeEventListener("pointerup", onUp, { capture: true });
      window.removeEventListener("pointercancel", onUp, { capture: true });
      window.removeEventListener("blur", onUp);
      this.#pointer.setHeldByHost(false);
      void this.#letGo(id);
    };
  }

  /** The edges stay held until the program has answered the last size, so that the opposite ones do not jump. */
  async #letGo(id: WindowId): Promise<void> {
    const held = wmStore.getState().windows[id]?.held;
    const found = this.#links.find(id);
    if (found !== undefined && held !== undefined && held !== null && held !== NO_EDGES) {
      const answered = found.session.configurerOf(found.surface.id)?.whenAnswered();
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, LAST_ANSWER_MS))]);
    }
    if (wmStore.getState().windows[id]?.held === held) dispatch({ type: "hold", id, edges: null });
  }
}
