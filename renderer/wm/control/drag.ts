/** Interactive move and resize, by pointer or by arrow keys: the host holds both until it is over. No React on this path. */
import type { Rect, WindowId } from "#shared/model/window.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import type { Pointer } from "../../input/pointer.ts";
import type { Links } from "./links.ts";
import type { Effects } from "./effects.ts";
import { clamp, type Edges, fill, isFixedSize, type Part, sizeAfterDrag, snapPart } from "../model/geometry.ts";
import { overlayStore } from "../model/overlays.ts";
import { contentOf, type DesktopWindow, frameOf, type Placement } from "../model/state.ts";
import { dispatch, wmStore } from "../model/store.ts";

export const NO_EDGES: Edges = { top: false, bottom: false, left: false, right: false };
/** A press that moves less is a click. */
const SLOP = 4;
/** The program's last answer to a resize is waited for this long. */
const LAST_ANSWER_MS = 1_500;
/** A press of an arrow key; with Shift. */
const KEY_STEP = 24;
const FINE_STEP = 1;

const PLACEMENTS: Readonly<Record<Part, Placement>> = { all: "maximized", left: "left", right: "right" };
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Gesture {
  id: WindowId;
  /** For the pointer's shape. */
  kind: string;
  moved(x: number, y: number): void;
  /** It was let go, not given up. */
  done?(): void;
  givenUp(): void;
}

export class Drag {
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #pointer: Pointer;
  readonly #keyboard: Keyboard;
  #end: ((isDone: boolean) => void) | null = null;
  /** Where the pointer was last seen: a program's own request to be moved comes without a place. */
  #last = { x: 0, y: 0 };

  constructor(links: Links, effects: Effects, pointer: Pointer, keyboard: Keyboard) {
    this.#links = links;
    this.#effects = effects;
    this.#pointer = pointer;
    this.#keyboard = keyboard;
    const remember = (event: PointerEvent): void => {
      this.#last = { x: event.clientX, y: event.clientY };
    };
    window.addEventListener("pointermove", remember, { capture: true, passive: true });
    window.addEventListener("pointerdown", remember, { capture: true, passive: true });
  }

  /**
   * Moves a window with the pointer, from where the pointer is. A maximised one comes off when the pointer really moves; at
   * an edge of the work area it takes that part of it when it is let go.
   */
  move(id: WindowId): void {
    const start = this.#last;
    const before = wmStore.getState().windows[id];
    if (before === undefined || before.shownAs === "screen") return;
    let grip: { x: number; y: number } | null = null;
    let part: Part | null = null;
    this.#begin({
      id,
      kind: "move",
      moved: (x, y) => {
        const state = wmStore.getState();
        const window = state.windows[id];
        if (window === undefined) return this.cancel();
        if (grip === null) {
          if (Math.hypot(x - start.x, y - start.y) < SLOP) return;
          grip = gripOf(window, start, state.workArea);
          dispatch({ type: "hold", id, edges: NO_EDGES });
        }
        dispatch({ type: "moveTo", id, x: x - grip.x, y: y - grip.y });
        part = isFixedSize(window.guest.hints) ? null : snapPart(x, y, state.workArea);
        const snap = part === null ? null : fill(state.workArea, part);
        if (!isSame(snap, overlayStore.getState().snap)) overlayStore.setState({ snap });
      },
      done: () => {
        if (part !== null) dispatch({ type: "place", id, placement: PLACEMENTS[part] });
      },
      givenUp: () => putBack(before),
    });
  }

  /** Resizes a window by edges; the program answers, the frame follows its answers. */
  resize(id: WindowId, edges: Edges): void {
    const window = this.#resizable(id);
    if (window === null) return;
    const start = { ...this.#last, ...contentOf(window, wmStore.getState().workArea) };
    const from = { ...this.#last };
    dispatch({ type: "hold", id, edges });
    this.#begin({
      id,
      kind: kindOf(edges),
      moved: (x, y) =>
        this.#effects.askSize(id, sizeAfterDrag(start, edges, x - from.x, y - from.y, window.guest.hints)),
      givenUp: () => this.#effects.askSize(id, window.free),
    });
  }

  /** By the corner that is nearest to the pointer. */
  resizeNearest(id: WindowId): void {
    const state = wmStore.getState();
    const window = state.windows[id];
    if (window === undefined) return;
    const content = contentOf(window, state.workArea);
    const isLeft = this.#last.x < content.x + content.width / 2;
    const isTop = this.#last.y < content.y + content.height / 2;
    this.resize(id, { left: isLeft, right: !isLeft, top: isTop, bottom: !isTop });
  }

  /** Moves a window with the arrow keys; Enter ends it, Escape takes it back. */
  moveByKeys(id: WindowId): void {
    const before = wmStore.getState().windows[id];
    if (before === undefined || before.shownAs === "screen") return;
    dispatch({ type: "hold", id, edges: NO_EDGES });
    this.#begin({ id, kind: "move", moved: () => undefined, givenUp: () => putBack(before) }, (dx, dy) => {
      const state = wmStore.getState();
      const window = state.windows[id];
      if (window === undefined) return;
      const { x, y } = contentOf(window, state.workArea);
      dispatch({ type: "moveTo", id, x: x + dx, y: y + dy });
    });
  }

  /** Resizes a window with the arrow keys, by its right and bottom edges. */
  resizeByKeys(id: WindowId): void {
    const window = this.#resizable(id);
    if (window === null) return;
    const edges = { ...NO_EDGES, right: true, bottom: true };
    let [width, height] = [window.free.width, window.free.height];
    dispatch({ type: "hold", id, edges });
    const gesture = { id, kind: "se", moved: () => undefined, givenUp: () => this.#effects.askSize(id, window.free) };
    this.#begin(gesture, (dx, dy) => {
      ({ width, height } = sizeAfterDrag({ width, height }, edges, dx, dy, window.guest.hints));
      this.#effects.askSize(id, { width, height });
    });
  }

  /** A program asks to be moved or resized: only while a button is down in that window. */
  requested(id: WindowId, edges: Edges | null): void {
    if (this.#pointer.pressedWindow !== id) return;
    if (edges === null) this.move(id);
    else this.resize(id, edges);
  }

  cancel(): void {
    this.#end?.(false);
  }

  #resizable(id: WindowId): DesktopWindow | null {
    const window = wmStore.getState().windows[id];
    if (window === undefined || window.frozen !== null || window.placement !== "free") return null;
    return isFixedSize(window.guest.hints) ? null : window;
  }

  /** `step`: with arrow keys instead of the pointer. */
  #begin(gesture: Gesture, step: ((dx: number, dy: number) => void) | null = null): void {
    this.cancel();
    this.#pointer.setHeldByHost(true);
    document.documentElement.dataset["gesture"] = gesture.kind;
    const onMove = (event: PointerEvent): void => gesture.moved(event.clientX, event.clientY);
    const onEnd = (): void => this.#end?.(true);
    const onLost = (): void => this.cancel();
    const release = this.#keyboard.capture((event) => {
      if (event.type !== "keydown") return;
      if (event.code === "Escape") return this.cancel();
      if (event.code === "Enter") return onEnd();
      const size = event.shiftKey ? FINE_STEP : KEY_STEP;
      const arrow = ARROWS[event.code];
      if (arrow !== undefined) step?.(arrow[0] * size, arrow[1] * size);
    });
    const unsubscribe = wmStore.subscribe(({ windows }) => {
      // Its program has closed it in the person's hand.
      if (windows[gesture.id] === undefined) this.cancel();
    });
    window.addEventListener("pointermove", onMove, { capture: true });
    window.addEventListener(step === null ? "pointerup" : "pointerdown", onEnd, { capture: true });
    window.addEventListener("pointercancel", onLost, { capture: true });
    window.addEventListener("blur", onLost);
    this.#end = (isDone) => {
      this.#end = null;
      window.removeEventListener("pointermove", onMove, { capture: true });
      window.removeEventListener("pointerup", onEnd, { capture: true });
      window.removeEventListener("pointerdown", onEnd, { capture: true });
      window.removeEventListener("pointercancel", onLost, { capture: true });
      window.removeEventListener("blur", onLost);
      unsubscribe();
      release();
      this.#pointer.setHeldByHost(false);
      delete document.documentElement.dataset["gesture"];
      if (isDone) gesture.done?.();
      else gesture.givenUp();
      overlayStore.setState({ snap: null });
      void this.#letGo(gesture.id);
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

function gripOf(window: DesktopWindow, start: { x: number; y: number }, workArea: Rect): { x: number; y: number } {
  const content = contentOf(window, workArea);
  // Its own width is under the pointer, at the same part of the title bar.
  const part = (start.x - content.x) / Math.max(1, content.width);
  return {
    x: window.shownAs === "free" ? start.x - content.x : Math.round(part * window.free.width),
    y: clamp(start.y - content.y, -frameOf(window, workArea).top, window.free.height),
  };
}

function putBack({ id, free, placement }: DesktopWindow): void {
  dispatch({ type: "moveTo", id, x: free.x, y: free.y });
  dispatch({ type: "place", id, placement });
}

function kindOf({ top, bottom, left, right }: Edges): string {
  return `${top ? "n" : bottom ? "s" : ""}${left ? "w" : right ? "e" : ""}`;
}

function isSame(a: Rect | null, b: Rect | null): boolean {
  return a?.x === b?.x && a?.width === b?.width && a?.height === b?.height;
}
