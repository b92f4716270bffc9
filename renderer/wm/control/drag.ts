/** Moves and resizes windows by pointer or arrow keys; the host holds both until the gesture ends. No React on this path. */
import type { Rect, WindowId } from "#shared/model/window.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import type { Pointer } from "../../input/pointer.ts";
import type { Links } from "./links.ts";
import type { Effects } from "./effects.ts";
import { clamp, type Edges, fill, isFixedSize, type Part, sizeAfterDrag, snapPart } from "../model/geometry.ts";
import type { WmOverlayStore } from "../model/overlays.ts";
import { contentOf, type DesktopWindow, frameOf, type Placement } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

/** A press whose pointer moves less is a click, DOM pixels. */
const CLICK_SLOP_PX = 4;
/** How long the program's answer to the last size of a resize is waited for. */
const LAST_ANSWER_MS = 1_500;
/** What a press of an arrow key moves, DOM pixels; and with Shift. */
const KEY_STEP_PX = 24;
const FINE_STEP_PX = 1;

const PLACEMENTS: Readonly<Record<Part, Placement>> = { all: "maximized", left: "left", right: "right" };
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Gesture {
  id: WindowId;
  /** Chooses the cursor. */
  kind: string;
  moved(x: number, y: number): void;
  /** The person let go. */
  done?(): void;
  /** The person pressed Escape, or something else ended it: undo it. */
  cancelled(): void;
}

interface DragParts {
  wm: WmStore;
  overlays: WmOverlayStore;
  links: Links;
  effects: Effects;
  pointer: Pointer;
  keyboard: Keyboard;
}

export class Drag {
  readonly #wm: WmStore;
  readonly #overlays: WmOverlayStore;
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #pointer: Pointer;
  readonly #keyboard: Keyboard;
  #end: ((isDone: boolean) => void) | null = null;
  /** The pointer's last position: a program's request to be moved comes without one. */
  #last = { x: 0, y: 0 };

  constructor(parts: DragParts) {
    this.#wm = parts.wm;
    this.#overlays = parts.overlays;
    this.#links = parts.links;
    this.#effects = parts.effects;
    this.#pointer = parts.pointer;
    this.#keyboard = parts.keyboard;
    const remember = (event: PointerEvent): void => {
      this.#last = { x: event.clientX, y: event.clientY };
    };
    window.addEventListener("pointermove", remember, { capture: true, passive: true });
    window.addEventListener("pointerdown", remember, { capture: true, passive: true });
  }

  /**
   * Moves a window with the pointer, from where the pointer is. A maximised one becomes free once the pointer really moves;
   * let go at an edge of the work area the window fills that part of it.
   */
  move(id: WindowId): void {
    const start = this.#last;
    const before = this.#wm.getState().windows[id];
    if (before === undefined || before.shownAs === "userFullscreen") return;
    let grip: { x: number; y: number } | null = null;
    let part: Part | null = null;
    this.#begin({
      id,
      kind: "move",
      moved: (x, y) => {
        const state = this.#wm.getState();
        const window = state.windows[id];
        if (window === undefined) return this.cancel();
        if (grip === null) {
          if (Math.hypot(x - start.x, y - start.y) < CLICK_SLOP_PX) return;
          grip = gripOf(window, start, state.workArea);
          this.#wm.dispatch({ type: "hold", id, held: { kind: "move" } });
        }
        this.#wm.dispatch({ type: "moveTo", id, x: x - grip.x, y: y - grip.y });
        part = isFixedSize(window.guest.hints) ? null : snapPart(x, y, state.workArea);
        const snap = part === null ? null : fill(state.workArea, part);
        if (!isSame(snap, this.#overlays.getState().snap)) this.#overlays.setState({ snap });
      },
      done: () => {
        if (part !== null) this.#wm.dispatch({ type: "place", id, placement: PLACEMENTS[part] });
      },
      cancelled: () => this.#putBack(before),
    });
  }

  /** Resizes a window by edges; the program answers, the frame follows its answers. */
  resize(id: WindowId, edges: Edges): void {
    const window = this.#resizable(id);
    if (window === null) return;
    const start = { ...this.#last, ...contentOf(window, this.#wm.getState().workArea) };
    const from = { ...this.#last };
    this.#wm.dispatch({ type: "hold", id, held: { kind: "resize", edges } });
    this.#begin({
      id,
      kind: kindOf(edges),
      moved: (x, y) =>
        this.#effects.requestSize(id, sizeAfterDrag(start, edges, x - from.x, y - from.y, window.guest.hints)),
      cancelled: () => this.#effects.requestSize(id, window.free),
    });
  }

  /** By the corner that is nearest to the pointer. */
  resizeNearest(id: WindowId): void {
    const state = this.#wm.getState();
    const window = state.windows[id];
    if (window === undefined) return;
    const content = contentOf(window, state.workArea);
    const isLeft = this.#last.x < content.x + content.width / 2;
    const isTop = this.#last.y < content.y + content.height / 2;
    this.resize(id, { left: isLeft, right: !isLeft, top: isTop, bottom: !isTop });
  }

  /** Moves a window with the arrow keys; Enter ends it, Escape undoes it. */
  moveByKeys(id: WindowId): void {
    const before = this.#wm.getState().windows[id];
    if (before === undefined || before.shownAs === "userFullscreen") return;
    this.#wm.dispatch({ type: "hold", id, held: { kind: "move" } });
    this.#begin({ id, kind: "move", moved: () => undefined, cancelled: () => this.#putBack(before) }, (dx, dy) => {
      const state = this.#wm.getState();
      const window = state.windows[id];
      if (window === undefined) return;
      const { x, y } = contentOf(window, state.workArea);
      this.#wm.dispatch({ type: "moveTo", id, x: x + dx, y: y + dy });
    });
  }

  /** Resizes a window with the arrow keys, by its right and bottom edges. */
  resizeByKeys(id: WindowId): void {
    const window = this.#resizable(id);
    if (window === null) return;
    const edges = { top: false, bottom: true, left: false, right: true };
    let [width, height] = [window.free.width, window.free.height];
    this.#wm.dispatch({ type: "hold", id, held: { kind: "resize", edges } });
    const gesture = {
      id,
      kind: "se",
      moved: () => undefined,
      cancelled: () => this.#effects.requestSize(id, window.free),
    };
    this.#begin(gesture, (dx, dy) => {
      ({ width, height } = sizeAfterDrag({ width, height }, edges, dx, dy, window.guest.hints));
      this.#effects.requestSize(id, { width, height });
    });
  }

  /** A program asks for a move (null) or a resize by these edges: granted only while a button is down in that window. */
  requested(id: WindowId, edges: Edges | null): void {
    if (this.#pointer.pressedWindow !== id) return;
    if (edges === null) this.move(id);
    else if (Object.values(edges).some(Boolean)) this.resize(id, edges);
  }

  cancel(): void {
    this.#end?.(false);
  }

  #putBack({ id, free, placement }: DesktopWindow): void {
    this.#wm.dispatch({ type: "moveTo", id, x: free.x, y: free.y });
    this.#wm.dispatch({ type: "place", id, placement });
  }

  #resizable(id: WindowId): DesktopWindow | null {
    const window = this.#wm.getState().windows[id];
    if (window === undefined || window.frozen !== null || window.placement !== "free") return null;
    return isFixedSize(window.guest.hints) ? null : window;
  }

  /** `step`: with arrow keys instead of the pointer. */
  #begin(gesture: Gesture, step: ((dx: number, dy: number) => void) | null = null): void {
    this.cancel();
    this.#pointer.setHeldByHost("gesture", true);
    document.documentElement.dataset["gesture"] = gesture.kind;
    const onMove = (event: PointerEvent): void => gesture.moved(event.clientX, event.clientY);
    const onEnd = (): void => this.#end?.(true);
    const onLost = (): void => this.cancel();
    const release = this.#keyboard.capture((event) => {
      if (event.type !== "keydown") return;
      if (event.code === "Escape") return this.cancel();
      if (event.code === "Enter" || event.code === "NumpadEnter") return onEnd();
      const size = event.shiftKey ? FINE_STEP_PX : KEY_STEP_PX;
      const arrow = ARROWS[event.code];
      if (arrow !== undefined) step?.(arrow[0] * size, arrow[1] * size);
    });
    const unsubscribe = this.#wm.subscribe(({ windows }) => {
      // Its program has closed the window meanwhile.
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
      this.#pointer.setHeldByHost("gesture", false);
      delete document.documentElement.dataset["gesture"];
      if (isDone) gesture.done?.();
      else gesture.cancelled();
      this.#overlays.setState({ snap: null });
      void this.#letGo(gesture.id);
    };
  }

  /** After a resize the edges stay held until the program has answered the last size, so that the opposite ones do not jump. */
  async #letGo(id: WindowId): Promise<void> {
    const held = this.#wm.getState().windows[id]?.held;
    const found = this.#links.find(id);
    if (found !== undefined && held?.kind === "resize") {
      const answered = found.session.configurerOf(found.surface.id)?.whenAnswered();
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, LAST_ANSWER_MS))]);
    }
    if (this.#wm.getState().windows[id]?.held === held) this.#wm.dispatch({ type: "hold", id, held: null });
  }
}

function gripOf(window: DesktopWindow, start: { x: number; y: number }, workArea: Rect): { x: number; y: number } {
  const content = contentOf(window, workArea);
  // The window will take its own width: keep the pointer at the same fraction of the title bar.
  const part = (start.x - content.x) / Math.max(1, content.width);
  return {
    x: window.shownAs === "free" ? start.x - content.x : Math.round(part * window.free.width),
    y: clamp(start.y - content.y, -frameOf(window, workArea).top, window.free.height),
  };
}

function kindOf({ top, bottom, left, right }: Edges): string {
  return `${top ? "n" : bottom ? "s" : ""}${left ? "w" : right ? "e" : ""}`;
}

function isSame(a: Rect | null, b: Rect | null): boolean {
  return a?.x === b?.x && a?.width === b?.width && a?.height === b?.height;
}
