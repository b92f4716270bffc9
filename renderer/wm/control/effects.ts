/**
 * What follows from a change of the window manager's state: configures to programs, keyboard focus, no credits for windows
 * that are not shown. The only place that turns state into messages to guests.
 */
import type { Size, WindowId } from "#shared/model/window.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import { configureRequestOf, statesOf } from "../model/configure-request.ts";
import { clampSize } from "../model/geometry.ts";
import { type DesktopWindow, targetOf, type WmState } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";
import type { Links } from "./links.ts";

/** A window's frame takes its new placement after this, even if the program has not drawn for it. */
const ARRIVAL_MS = 1_000;

export class Effects {
  readonly #wm: WmStore;
  readonly #links: Links;
  readonly #keyboard: Keyboard;
  readonly #arrivals = new Map<WindowId, ReturnType<typeof setTimeout>>();

  constructor(wm: WmStore, links: Links, keyboard: Keyboard) {
    this.#wm = wm;
    this.#links = links;
    this.#keyboard = keyboard;
    wm.subscribe((now, before) => this.#changed(now, before));
  }

  /** Asks a window's program for a size; everything else as it is. */
  requestSize(id: WindowId, size: Size): void {
    this.#configure(id, this.#wm.getState(), size);
  }

  #changed(now: WmState, before: WmState): void {
    if (now.focused !== before.focused) {
      this.#links.dismissPopups(now.focused);
      this.#moveKeyboard(now.focused);
    }
    this.#followCause(now, before);
    if (now.windows === before.windows && now.focused === before.focused && now.workArea === before.workArea) return;
    for (const window of Object.values<DesktopWindow>(now.windows)) {
      const former = before.windows[window.id];
      if (isHidden(window) !== isHidden(former)) this.#setVisible(window);
      if (window.isArriving && (former?.isArriving !== true || former.placement !== window.placement))
        this.#awaitArrival(window.id);
      // Before its first frame it is configured again only for a placement that its program has asked for: it draws for that.
      if (window.frozen !== null || (!window.isMapped && window.placement === "free")) continue;
      if (former === undefined || requestKey(window, now) !== requestKey(former, before))
        this.#configure(window.id, now, null);
    }
  }

  #awaitArrival(id: WindowId): void {
    clearTimeout(this.#arrivals.get(id));
    const timer = setTimeout(() => {
      this.#arrivals.delete(id);
      this.#wm.dispatch({ type: "arrived", id });
    }, ARRIVAL_MS);
    this.#arrivals.set(id, timer);
  }

  #moveKeyboard(focused: WindowId | null): void {
    const found = focused === null ? undefined : this.#links.find(focused);
    this.#keyboard.setTarget(found === undefined ? null : { session: found.session, surface: found.surface.id });
  }

  #followCause(now: WmState, before: WmState): void {
    if (now.focused === null || now.cause === null) return;
    // The person has just chosen or used it, maybe after it got focus by itself.
    const isChosen = now.cause === "person" && now.used[0] === now.focused && isFocusChanged(now, before);
    if (!isChosen && now.keyboardVm === before.keyboardVm) return;
    // Where no VM had the keyboard before, what is typed is meant for none of them.
    const isFirst = before.keyboardVm === null && now.cause === "inherited";
    this.#keyboard.vmChanged(isFirst ? "launch" : now.cause);
  }

  #setVisible(window: DesktopWindow): void {
    const found = this.#links.find(window.id);
    found?.session.scene.setVisible(found.surface, !isHidden(window));
  }

  #configure(id: WindowId, state: WmState, size: Size | null): void {
    const window = state.windows[id];
    const found = this.#links.find(id);
    if (window === undefined || found === undefined) return;
    const configurer = found.session.configurerOf(found.surface.id);
    if (configurer === undefined) return;
    const last = configurer.lastRequest;
    // While a new size is unanswered, the requested size counts, not the one that is still shown.
    const isUnderway =
      last !== null &&
      last.width > 0 &&
      (window.held !== null || !configurer.isSettled) &&
      window.placement === "free" &&
      !window.isArriving;
    const wanted = size ?? (isUnderway ? last : targetOf(window, state.workArea));
    configurer.request(configureRequestOf(window, state, clampSize(wanted, window.guest.hints)));
  }
}

function isFocusChanged(now: WmState, before: WmState): boolean {
  return now.focused !== before.focused || now.cause !== before.cause || now.used !== before.used;
}

/** Not shown, so it needs no credits; before its first frame a window must have them in order to draw it. */
function isHidden(window: DesktopWindow | undefined): boolean {
  return window?.isMapped === true && window.isMinimized;
}

/** Changes when a program must be sent a configure: not with its own size, and not at every step of a move. */
function requestKey(window: DesktopWindow, state: WmState): string {
  const { x, y } = targetOf(window, state.workArea);
  const position = window.held === null ? `${x},${y}` : "held";
  const { width, height } = state.workArea;
  return `${window.isMapped} ${window.placement} ${statesOf(window, state)} ${position} ${width}x${height} ${window.guest.clientDecorated}`;
}
