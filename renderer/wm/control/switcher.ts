/** Alt+Tab and Super+Tab: chooses among all windows while the modifier is held. All keys go to the switcher until then. */
import type { WindowId } from "#shared/model/window.ts";
import type { HostModifier } from "../../input/host-keys.ts";
import type { Keyboard } from "../../input/keyboard.ts";
import type { WindowCommands } from "./window-commands.ts";
import type { WmOverlayStore } from "../model/overlays.ts";
import type { WmState } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

/**
 * All windows: the one in use, those that a person has used, the one used last first, and then those that nobody has used,
 * from the top. Of both kinds the minimised ones come last.
 */
export function switchOrder({ windows, stack, used, focused }: WmState): WindowId[] {
  const isMinimized = (id: WindowId): boolean => windows[id]?.isMinimized === true;
  const minimizedLast = (ids: readonly WindowId[]): WindowId[] => [
    ...ids.filter((id) => !isMinimized(id)),
    ...ids.filter(isMinimized),
  ];
  const unused = stack.toReversed().filter((id) => windows[id]?.isMapped === true && !used.includes(id));
  const first = focused === null ? [] : [focused];
  return [...new Set([...first, ...minimizedLast(used), ...minimizedLast(unused)])];
}

export class Switcher {
  readonly #wm: WmStore;
  readonly #overlays: WmOverlayStore;
  readonly #keyboard: Keyboard;
  readonly #commands: WindowCommands;
  #release: (() => void) | null = null;

  constructor(wm: WmStore, overlays: WmOverlayStore, keyboard: Keyboard, commands: WindowCommands) {
    this.#wm = wm;
    this.#overlays = overlays;
    this.#keyboard = keyboard;
    this.#commands = commands;
    window.addEventListener("blur", () => this.cancel());
    wm.subscribe((now, before) => {
      if (now.windows !== before.windows) this.#forgetClosed();
    });
  }

  open(modifier: HostModifier, isBackwards: boolean): void {
    const state = this.#wm.getState();
    const windows = switchOrder(state);
    if (windows.length === 0 || this.#release !== null) return;
    // The window in use comes first: the one before it is chosen.
    const at = state.focused === windows[0] && windows.length > 1 ? (isBackwards ? windows.length - 1 : 1) : 0;
    this.#overlays.setState({ switcher: { windows, at } });
    this.#release = this.#keyboard.capture((event) => this.#key(event, modifier));
  }

  choose(at: number): void {
    const { switcher } = this.#overlays.getState();
    if (switcher !== null) this.#overlays.setState({ switcher: { ...switcher, at } });
  }

  commit(): void {
    const { switcher } = this.#overlays.getState();
    const chosen = switcher?.windows[switcher.at];
    this.cancel();
    if (chosen !== undefined) this.#commands.focus(chosen);
  }

  cancel(): void {
    this.#release?.();
    this.#release = null;
    if (this.#overlays.getState().switcher !== null) this.#overlays.setState({ switcher: null });
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
      case "NumpadEnter":
      case "Space":
        return this.commit();
      case "KeyQ":
      case "Delete": {
        const { switcher } = this.#overlays.getState();
        const chosen = switcher?.windows[switcher.at];
        if (chosen !== undefined) this.#commands.close(chosen);
      }
    }
  }

  #step(by: number): void {
    const { switcher } = this.#overlays.getState();
    if (switcher === null) return;
    const { windows, at } = switcher;
    this.choose((at + by + windows.length) % windows.length);
  }

  #forgetClosed(): void {
    const { switcher } = this.#overlays.getState();
    if (switcher === null) return;
    const known = this.#wm.getState().windows;
    const windows = switcher.windows.filter((id) => known[id] !== undefined);
    if (windows.length === 0) return this.cancel();
    if (windows.length < switcher.windows.length)
      this.#overlays.setState({ switcher: { windows, at: Math.min(switcher.at, windows.length - 1) } });
  }
}
