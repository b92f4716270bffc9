/**
 * Keys on their way to the focused window's VM: from a capture listener straight to its port. Host chords (Super and any
 * key with it) never go there. Knows which keys are down in the guest, so that each one is released there.
 */
import type { SurfaceId } from "#shared/model/window.ts";
import type { LinkSession } from "../vms/link-session.ts";
import { EVDEV_CODES } from "./key-codes.ts";

export interface KeyboardTarget {
  session: LinkSession;
  surface: SurfaceId;
}

export interface KeyboardListener {
  /** Super was pressed and released with nothing else in between. */
  superTapped(): void;
  /** A key with Super held; `code` as in KeyboardEvent. */
  chordPressed(code: string, isShift: boolean): void;
}

export class Keyboard {
  readonly #listener: KeyboardListener;
  /** evdev codes that are down in the target. */
  readonly #pressed = new Set<number>();
  #target: KeyboardTarget | null = null;
  #isHeldByHost = false;
  /** Super is down, and no other key was pressed since. */
  #isSuperTap = false;

  constructor(listener: KeyboardListener) {
    this.#listener = listener;
    window.addEventListener("keydown", (event) => this.#keyDown(event), { capture: true });
    window.addEventListener("keyup", (event) => this.#keyUp(event), { capture: true });
    window.addEventListener("blur", () => this.releaseAll());
  }

  /** Whose keys these are from now on; what is down is released first. */
  setTarget(target: KeyboardTarget | null): void {
    const before = this.#target;
    if (before?.session === target?.session && before?.surface === target?.surface) return;
    this.releaseAll();
    this.#target = target;
    if (before !== null && before.session !== target?.session)
      before.session.send({ type: "keyboardFocus", surface: null });
    target?.session.send({ type: "keyboardFocus", surface: target.surface });
  }

  /** While something of the host has the keys (launcher, menu, prompt), no guest does. */
  setHeldByHost(isHeld: boolean): void {
    if (isHeld) this.releaseAll();
    this.#isHeldByHost = isHeld;
  }

  releaseAll(): void {
    this.#isSuperTap = false;
    for (const code of this.#pressed)
      this.#target?.session.send({ type: "key", code, state: "released", timeMs: timeOf() });
    this.#pressed.clear();
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.code === "MetaLeft" || event.code === "MetaRight") {
      event.preventDefault();
      if (!event.repeat) this.#isSuperTap = true;
      return;
    }
    this.#isSuperTap = false;
    if (event.metaKey) {
      event.preventDefault();
      if (!event.repeat) this.#listener.chordPressed(event.code, event.shiftKey);
      return;
    }
    if (this.#isHeldByHost) return;
    event.preventDefault();
    event.stopPropagation();
    const code = EVDEV_CODES[event.code];
    if (code === undefined || this.#target === null) return;
    // A key that was pressed for another window repeats into nothing.
    if (event.repeat && !this.#pressed.has(code)) return;
    this.#pressed.add(code);
    this.#target.session.send({
      type: "key",
      code,
      state: event.repeat ? "repeated" : "pressed",
      timeMs: timeOf(event),
    });
  }

  #keyUp(event: KeyboardEvent): void {
    if (event.code === "MetaLeft" || event.code === "MetaRight") {
      event.preventDefault();
      if (this.#isSuperTap) this.#listener.superTapped();
      this.#isSuperTap = false;
      return;
    }
    const code = EVDEV_CODES[event.code];
    if (code !== undefined && this.#pressed.delete(code)) {
      event.preventDefault();
      this.#target?.session.send({ type: "key", code, state: "released", timeMs: timeOf(event) });
    }
  }
}

/** Milliseconds for the wire; they wrap. */
export function timeOf(event?: Event): number {
  return Math.floor(event?.timeStamp ?? performance.now()) % 0x1_0000_0000;
}
