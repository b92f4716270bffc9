/** What the host does itself with keys and presses: its keyboard shortcuts, and Alt or Super with the pointer. */
import type { WindowId } from "#shared/model/window.ts";
import type { HostShortcut } from "../input/host-keys.ts";
import type { Keyboard } from "../input/keyboard.ts";
import type { OverlayStore } from "../shell/overlays.ts";
import type { Shell } from "../shell/shell.ts";
import type { Drag } from "../wm/control/drag.ts";
import type { Switcher } from "../wm/control/switcher.ts";
import type { WindowCommands } from "../wm/control/window-commands.ts";
import { contentOf } from "../wm/model/state.ts";
import type { WmStore } from "../wm/model/store.ts";

interface HostInputParts {
  send: Shell["send"];
  wm: WmStore;
  overlays: OverlayStore;
  keyboard: Keyboard;
  commands: WindowCommands;
  drag: Drag;
  switcher: Switcher;
}

export class HostInput {
  readonly #parts: HostInputParts;

  constructor(parts: HostInputParts) {
    this.#parts = parts;
  }

  runShortcut(shortcut: HostShortcut): void {
    const { overlays, switcher, commands } = this.#parts;
    if (shortcut.code === "KeyP" && isSheetOrNone(overlays)) return overlays.toggleSheet("policy");
    // An open menu or launcher has the keys; only Super alone closes the launcher.
    if (overlays.getState().overlay !== null) return;
    if (shortcut.code === "KeyV") return overlays.open({ kind: "clip-history" });
    if (shortcut.code === "KeyC") return this.#copyToHost();
    if (shortcut.code === "KeyB") return overlays.open({ kind: "bar" });
    if (shortcut.modifier === "Alt" && shortcut.code === "Space") return this.#openWindowMenu();
    if (shortcut.code === "Tab") return switcher.open(shortcut.modifier, shortcut.isShift);
    commands.runShortcut(shortcut);
  }

  /** A button is pressed in a window of a guest. True: the host takes the press. */
  pressed(id: WindowId, event: PointerEvent): boolean {
    const { commands, keyboard } = this.#parts;
    commands.focus(id);
    if (event.altKey || event.metaKey) return this.#dragAnywhere(id, event.button);
    keyboard.alignWith(event);
    return false;
  }

  /** With Alt or Super held a window is moved by any part of it, and resized with the right button. */
  #dragAnywhere(id: WindowId, button: number): boolean {
    const { keyboard, drag } = this.#parts;
    if (button !== 0 && button !== 2) return false;
    keyboard.disarm();
    if (button === 0) drag.move(id);
    else drag.resizeNearest(id);
    return true;
  }

  /** What was copied last in the focused window's VM. */
  #copyToHost(): void {
    const { focused, windows } = this.#parts.wm.getState();
    const window = focused === null ? undefined : windows[focused];
    if (window !== undefined) this.#parts.send("clipboard.copyToHost", { vm: window.vm });
  }

  /** The focused window's menu, at the top left of its content. */
  #openWindowMenu(): void {
    const { focused, windows, workArea } = this.#parts.wm.getState();
    const window = focused === null ? undefined : windows[focused];
    if (window === undefined) return;
    const { x, y } = contentOf(window, workArea);
    this.#parts.overlays.open({ kind: "window-menu", window: window.id, x: Math.max(x, workArea.x) + 8, y });
  }
}

function isSheetOrNone(overlays: OverlayStore): boolean {
  const { overlay } = overlays.getState();
  return overlay === null || overlay.kind === "sheet";
}
