/**
 * A program that keeps the pointer and gets its movements alone (a game). It has it only after a person's press in its
 * window, while that window has focus; Super, Escape and whatever else takes focus from the window give the pointer back.
 */
import { type LinkCommand, MAX_FIXED } from "#shared/ipc/link-port.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { isSuper } from "./host-keys.ts";
import { timeOf } from "./keyboard.ts";

/** A program may take this long to want the pointer because of a press. */
const PRESS_MS = 2_000;

/** The part of a VM's link session that a lock is told to. */
export interface LockSession {
  send(command: LinkCommand): void;
}

interface Wanted {
  session: LockSession;
  surface: SurfaceId;
  window: WindowId;
}

export interface PointerLockHost {
  /** The element that has the pointer while it is locked, and its document. */
  element: HTMLElement;
  focused(): WindowId | null;
  /** The pointer was given to this window's program. */
  locked(window: WindowId): void;
}

export class PointerLock {
  readonly #host: PointerLockHost;
  /** What the program under the pointer of each VM wants. */
  readonly #wanted = new Map<LockSession, Wanted>();
  #lastPress: { window: WindowId; atMs: number } | null = null;
  #asked: Wanted | null = null;
  #held: Wanted | null = null;

  constructor(host: PointerLockHost) {
    this.#host = host;
    const { ownerDocument } = host.element;
    ownerDocument.addEventListener("pointerlockchange", () => this.#changed(ownerDocument.pointerLockElement !== null));
    ownerDocument.addEventListener("pointerlockerror", () => (this.#asked = null));
    ownerDocument.addEventListener(
      "keydown",
      (event) => {
        if (isSuper(event) || event.code === "Escape") this.release();
      },
      { capture: true },
    );
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** `surface` null: no program of that VM wants the pointer any more. */
  want(session: LockSession, surface: SurfaceId | null, window: WindowId | null): void {
    if (surface === null || window === null) {
      this.#wanted.delete(session);
      if (this.#held?.session === session || this.#asked?.session === session) this.release();
      return;
    }
    this.#wanted.set(session, { session, surface, window });
    const press = this.#lastPress;
    if (press?.window === window && performance.now() - press.atMs <= PRESS_MS) this.#lock(window);
  }

  /** A person has pressed a button in a window, which has focus by it. */
  pressed(window: WindowId): void {
    this.#lastPress = { window, atMs: performance.now() };
    if (this.#held === null) this.#lock(window);
  }

  /** The pointer moves while it is locked. */
  moved(event: MouseEvent): void {
    this.#held?.session.send({
      type: "pointerMoved",
      dxFixed: fixed(event.movementX),
      dyFixed: fixed(event.movementY),
      timeMs: timeOf(event),
    });
  }

  /** The pointer is the host's again, and stays so until the next press. */
  release(): void {
    this.#lastPress = null;
    this.#asked = null;
    if (this.#held === null) return;
    this.#host.element.ownerDocument.exitPointerLock();
    this.#changed(false);
  }

  /** Focus may have moved. */
  focusChanged(): void {
    if (this.#held !== null && this.#host.focused() !== this.#held.window) this.release();
  }

  #lock(window: WindowId): void {
    const wanted = [...this.#wanted.values()].find((one) => one.window === window);
    if (wanted === undefined || this.#host.focused() !== window) return;
    this.#asked = wanted;
    // Older types say that it returns nothing.
    void Promise.resolve(this.#host.element.requestPointerLock()).catch(() => (this.#asked = null));
  }

  #changed(isLocked: boolean): void {
    const [asked, held] = [this.#asked, this.#held];
    this.#asked = null;
    if (!isLocked) {
      this.#held = null;
      held?.session.send({ type: "pointerLocked", surface: null });
      return;
    }
    if (asked === null || this.#host.focused() !== asked.window) {
      // Something has happened between the request and its answer.
      this.#host.element.ownerDocument.exitPointerLock();
      return;
    }
    this.#held = asked;
    asked.session.send({ type: "pointerLocked", surface: asked.surface });
    this.#host.locked(asked.window);
  }
}

function fixed(distance: number): number {
  return Math.max(-MAX_FIXED, Math.min(MAX_FIXED, Math.round(distance * 256)));
}
