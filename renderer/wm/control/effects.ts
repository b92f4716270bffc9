/**
 * What follows from a change of the window manager's state: configures to programs, keyboard focus, credits of windows
 * that nobody sees. The only place that turns state into orders.
 */
import type { Size, WindowId } from "#shared/model/window.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import type { Links } from "./links.ts";
import { clampSize } from "../model/geometry.ts";
import { type DesktopWindow, targetOf, type WmState } from "../model/state.ts";
import { dispatch, wmStore } from "../model/store.ts";
import { statesOf, wishOf } from "../model/configure-request.ts";

/** A program that has not drawn for its placement by then gets its frame all the same. */
const ARRIVAL_MS = 1_000;

export class Effects {
  readonly #links: Links;
  readonly #keyboard: Keyboard;
  readonly #arrivals = new Map<WindowId, ReturnType<typeof setTimeout>>();

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
    if (now.focused !== before.focused) {
      this.#links.dismissMenus(now.focused);
      this.#moveKeyboard(now.focused);
    }
    if (now.windows === before.windows && now.focused === before.focused && now.workArea === before.workArea) return;
    for (const window of Object.values<DesktopWindow>(now.windows)) {
      const former = before.windows[window.id];
      if (isHidden(window) !== isHidden(former)) this.#setVisible(window);
      if (window.isArriving && (former?.isArriving !== true || former.placement !== window.placement))
        this.#awaitArrival(window.id);
      // What has no picture yet is asked only where its program has wished for a placement: it draws for that at once.
      if (window.frozen !== null || (!window.isMapped && window.placement === "free")) continue;
      if (former === undefined || wishKey(window, now) !== wishKey(former, before)) this.#ask(window.id, now, null);
    }
  }

  #awaitArrival(id: WindowId): void {
    clearTimeout(this.#arrivals.get(id));
    const timer = setTimeout(() => {
      this.#arrivals.delete(id);
      dispatch({ type: "arrived", id });
    }, ARRIVAL_MS);
    this.#arrivals.set(id, timer);
  }

  #moveKeyboard(focused: WindowId | null): void {
    const found = focused === null ? undefined : this.#links.find(focused);
    this.#keyboard.setTarget(found === undefined ? null : { session: found.session, surface: found.surface.id });
  }

  #setVisible(window: DesktopWindow): void {
    const found = this.#links.find(window.id);
    found?.session.scene.setVisible(found.surface, !isHidden(window));
  }

  #ask(id: WindowId, state: WmState, size: Size | null): void {
    const window = state.windows[id];
    const found = this.#links.find(id);
    if (window === undefined || found === undefined) return;
    const configurer = found.session.configurerOf(found.surface.id);
    if (configurer === undefined) return;
    const last = configurer.lastWish;
    // While an answer is on its way, what was wished for counts, not what is shown still.
    const isUnderway =
      last !== null &&
      last.width > 0 &&
      (window.held !== null || !configurer.isSettled) &&
      window.placement === "free" &&
      !window.isArriving;
    const wished = size ?? (isUnderway ? last : targetOf(window, state.workArea));
    configurer.ask(wishOf(window, state, clampSize(wished, window.guest.hints)));
  }
}

/** Nobody sees it; but before its first picture a window must have credits to draw it. */
function isHidden(window: DesktopWindow | undefined): boolean {
  return window?.isMapped === true && window.isMinimized;
}

/** What a program must be told of. Not its own size, and not every step of a move. */
function wishKey(window: DesktopWindow, state: WmState): string {
  const { x, y } = targetOf(window, state.workArea);
  const place = window.held === null ? `${x},${y}` : "held";
  const { width, height } = state.workArea;
  return `${window.isMapped} ${window.placement} ${statesOf(window, state)} ${place} ${width}x${height} ${window.guest.clientDecorated}`;
}
