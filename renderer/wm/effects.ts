/**
 * What follows from a change of the window manager's state: configures to programs, keyboard focus, credits of windows
 * that nobody sees. The only place that turns state into orders.
 */
import type { Size, WindowId } from "#shared/model/window.ts";
import type { Keyboard } from "../input/keyboard.ts";
import type { Links } from "../vms/links.ts";
import { STATE_BITS, type Wish } from "./configurer.ts";
import { FRAME } from "./geometry.ts";
import { contentOf, type DesktopWindow, isShown, type WmState } from "./state.ts";
import { wmStore } from "./store.ts";

export class Effects {
  readonly #links: Links;
  readonly #keyboard: Keyboard;

  constructor(links: Links, keyboard: Keyboard) {
    this.#links = links;
    this.#keyboard = keyboard;
    wmStore.subscribe((now, before) => this.#changed(now, before));
  }

  /** Asks a window's program for a size; everything else as it is. */
  askSize(id: WindowId, size: Size): void {
    this.#ask(id, wmStore.getState(), size);
  }

  #changed(now: WmState, before: WmState): void {
    if (now.focused !== before.focused) this.#moveKeyboard(now.focused);
    if (now.windows === before.windows && now.focused === before.focused && now.workArea === before.workArea) return;
    for (const window of Object.values<DesktopWindow>(now.windows)) {
      const former = before.windows[window.id];
      if (isShown(window) !== (former !== undefined && isShown(former)) && former !== undefined)
        this.#setVisible(window);
      if (window.frozen !== null || !window.isMapped) continue;
      if (former === undefined || wishKey(window, now) !== wishKey(former, before)) this.#ask(window.id, now, null);
    }
  }

  #moveKeyboard(focused: WindowId | null): void {
    const found = focused === null ? undefined : this.#links.find(focused);
    this.#keyboard.setTarget(found === undefined ? null : { session: found.session, surface: found.surface.id });
  }

  #setVisible(window: DesktopWindow): void {
    // Before its first picture a window must have credits to draw it.
    if (!window.isMapped) return;
    const found = this.#links.find(window.id);
    found?.session.scene.setVisible(found.surface, !window.isMinimized);
  }

  #ask(id: WindowId, state: WmState, size: Size | null): void {
    const window = state.windows[id];
    const found = this.#links.find(id);
    if (window === undefined || found === undefined) return;
    const configurer = found.session.configurerOf(found.surface.id);
    if (configurer === undefined) return;
    const content = contentOf(window, state.workArea);
    const last = configurer.lastWish;
    // While an answer is on its way, what was wished for counts, not what is shown still.
    const isUnderway =
      last !== null && last.width > 0 && (window.held !== null || !configurer.isSettled) && window.placement === "free";
    const { width, height } = size ?? (isUnderway ? last : content);
    configurer.ask(wishOf(window, state, Math.max(1, Math.round(width)), Math.max(1, Math.round(height))));
  }
}

function wishOf(window: DesktopWindow, state: WmState, width: number, height: number): Wish {
  const content = contentOf(window, state.workArea);
  return {
    width: Math.min(width, 16_384),
    height: Math.min(height, 16_384),
    states: statesOf(window, state),
    boundsWidth: Math.max(1, Math.round(state.workArea.width - 2 * FRAME.side)),
    boundsHeight: Math.max(1, Math.round(state.workArea.height - FRAME.top - FRAME.bottom)),
    x: position(content.x),
    y: position(content.y),
  };
}

function position(value: number): number {
  return Math.max(-32_767, Math.min(32_767, Math.round(value)));
}

function statesOf(window: DesktopWindow, state: WmState): number {
  const isResizing = window.held !== null && Object.values(window.held).some(Boolean);
  return (
    (state.focused === window.id && !window.isMinimized ? STATE_BITS.activated : 0) |
    (window.placement === "maximized" ? STATE_BITS.maximized : 0) |
    (window.placement === "fullscreen" ? STATE_BITS.fullscreen : 0) |
    (isResizing ? STATE_BITS.resizing : 0) |
    (window.placement === "left" || window.placement === "right" ? STATE_BITS.tiled : 0)
  );
}

/** What a program must be told of. Not its own size, and not every step of a move. */
function wishKey(window: DesktopWindow, state: WmState): string {
  const { x, y } = contentOf(window, state.workArea);
  const place = window.held === null ? `${x},${y}` : "held";
  const { width, height } = state.workArea;
  return `${window.isMapped} ${window.placement} ${statesOf(window, state)} ${place} ${width}x${height}`;
}
