/**
 * Alt+Tab and Super+Tab: chooses among all windows while the modifier is held. The keys are the switcher's alone until it
 * is let go.
 */
import type { WindowId } from "#shared/model/window.ts";
import type { HostModifier } from "../../input/host-keys.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import type { Orders } from "./window-commands.ts";
import { overlayStore } from "../model/overlays.ts";
import type { WmState } from "../model/state.ts";
import { wmStore } from "../model/store.ts";

/** All windows, the one used last first; those that are minimised come after those that are seen. */
export function switchOrder(state: WmState): WindowId[] {
  const known = state.stack.toReversed().filter((id) => state.windows[id]?.isMapped === true);
  const isMinimized = (id: WindowId): boolean => state.windows[id]?.isMinimized === true;
  return [...known.filter((id) => !isMinimized(id)), ...known.filter(isMinimized)];
}

export class Switcher {
  readonly #keyboard: Keyboard;
  readonly #orders: Orders;
  #release: (() => void) | null = null;

  constructor(keyboard: Keyboard, orders: Orders) {
    this.#keyboard = keyboard;
    this.#orders = orders;
    window.addEventListener("blur", () => this.cancel());
    wmStore.subscribe((now, before) => {
      if (now.windows !== before.windows) this.#forgetClosed();
    });
  }

  open(modifier: HostModifier, isBackwards: boolean): void {
    const state = wmStore.getState();
    const windows = switchOrder(state);
    if (windows.length === 0 || this.#release !== null) return;
    // From the window in use to the one before it.
    const at = state.focused === windows[0] && windows.length > 1 ? (isBackwards ? windows.length - 1 : 1) : 0;
    overlayStore.setState({ switcher: { windows, at } });
    this.#release = this.#keyboard.capture((event) => this.#key(event, modifier));
  }

  choose(at: number): void {
    const { switcher } = overlayStore.getState();
    if (switcher !== null) overlayStore.setState({ switcher: { ...switcher, at } });
  }

  commit(): void {
    const { switcher } = overlayStore.getState();
    const chosen = switcher?.windows[switcher.at];
    this.cancel();
    if (chosen !== undefined) this.#orders.focus(chosen);
  }

  cancel(): void {
    this.#release?.();
    this.#release = null;
    if (overlayStore.getState().switcher !== null) overlayStore.setState({ switcher: null });
  }

  #key(event: KeyboardEvent, modifier: HostModifier): void {
    if (event.type === "keyup") {
      if (event.key === modifier) this.commit();
      return;
    }
    switch (event.code) {
      case "Tab":
        return this.#step(event.shiftKey ? -1 : 1);
      case "ArrowRight":
      case "ArrowDown":
        return this.#step(1);
      case "ArrowLeft":
      case "ArrowUp":
        return this.#step(-1);
      case "Escape":
        return this.cancel();
      case "Enter":
      case "Space":
        return this.commit();
      case "KeyQ":
      case "Delete": {
        const { switcher } = overlayStore.getState();
        const chosen = switcher?.windows[switcher.at];
        if (chosen !== undefined) this.#orders.close(chosen);
      }
    }
  }

  #step(by: number): void {
    const { switcher } = overlayStore.getState();
    if (switcher === null) return;
    const { windows, at } = switcher;
    this.choose((at + by + windows.length) % windows.length);
  }

  #forgetClosed(): void {
    const { switcher } = overlayStore.getState();
    if (switcher === null) return;
    const known = wmStore.getState().windows;
    const windows = switcher.windows.filter((id) => known[id] !== undefined);
    if (windows.length === 0) return this.cancel();
    if (windows.length < switcher.windows.length)
      overlayStore.setState({ switcher: { windows, at: Math.min(switcher.at, windows.length - 1) } });
  }
}
