/**
 * Keeps a click from what a person cannot have meant (resting-pointer.ts): it counts for nothing but focus, neither for the
 * program nor for the window's title bar and buttons.
 */
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { RestingPointer } from "./resting-pointer.ts";

export interface PressedWindow {
  id: WindowId;
  vm: VmId;
  /** In a menu, or another popup, of the window in use. */
  isMenuInUse: boolean;
}

export interface ClickGuardListener {
  /** The window of a guest that an element of the page belongs to; null: it is the host's own. */
  windowOf(element: Element): PressedWindow | null;
  focus(id: WindowId): void;
}

/** What follows a press. */
const AFTER = ["pointerup", "mousedown", "mouseup", "click", "auxclick", "contextmenu", "dblclick"] as const;

export class ClickGuard {
  readonly #pointer: RestingPointer;
  readonly #listener: ClickGuardListener;
  /** Of the last press and the one before: a double click is made of both. */
  #isKept = false;
  #wasKept = false;

  /** Create it before all that hears presses: of those that it keeps, nothing else hears. */
  constructor(pointer: RestingPointer, listener: ClickGuardListener, source: EventTarget) {
    this.#pointer = pointer;
    this.#listener = listener;
    const options = { capture: true };
    source.addEventListener("pointermove", (event) => this.#moved(event as PointerEvent), options);
    source.addEventListener("pointerdown", (event) => this.#pressed(event as PointerEvent), options);
    for (const type of AFTER) source.addEventListener(type, (event) => this.#after(event), options);
  }

  #moved({ clientX, clientY }: PointerEvent): void {
    this.#pointer.movedTo(clientX, clientY);
  }

  #pressed(event: PointerEvent): void {
    this.#moved(event);
    const window = event.target instanceof Element ? this.#listener.windowOf(event.target) : null;
    this.#wasKept = this.#isKept;
    this.#isKept = window !== null && !window.isMenuInUse && this.#pointer.isUnmeant(window.vm);
    if (window === null || !this.#isKept) return;
    keep(event);
    this.#listener.focus(window.id);
  }

  #after(event: Event): void {
    if (this.#isKept || (event.type === "dblclick" && this.#wasKept)) keep(event);
  }
}

function keep(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}
