/**
 * Whether a person can have meant the window that lies under the pointer: not where a program's act (a window that appears,
 * moves, grows, or goes and uncovers one) has just brought another VM's window under a pointer that rests. No DOM.
 */
import type { VmId } from "#shared/model/vm.ts";

/** After this a person has seen what is under the pointer. */
const SEEN_MS = 300;
/** A hand that rests on a mouse moves it by less, DOM pixels. */
const REST_PX = 4;

export interface RestingPointerParts {
  /** The VM whose window lies there; null: none. */
  vmAt: (x: number, y: number) => VmId | null;
  /** The VM that has the keyboard. */
  vmInUse: () => VmId | null;
  nowMs: () => number;
}

export class RestingPointer {
  readonly #parts: RestingPointerParts;
  #place = { x: 0, y: 0 };
  /** Where it came to rest. */
  #rest = { x: 0, y: 0 };
  /** The VM that a person has seen under the pointer, or moved it to. */
  #seen: VmId | null = null;
  #under: VmId | null = null;
  #underSinceMs = -Infinity;

  constructor(parts: RestingPointerParts) {
    this.#parts = parts;
  }

  /** A person has moved the pointer there. */
  movedTo(x: number, y: number): void {
    this.#place = { x, y };
    const under = this.#parts.vmAt(x, y);
    const isMove = Math.hypot(x - this.#rest.x, y - this.#rest.y) >= REST_PX;
    if (isMove) this.#rest = { x, y };
    if (isMove || under !== this.#under) this.#meant(under);
  }

  /** A window or popup appeared, moved, changed its size or went, by an act of a person or of a program. */
  windowsChanged(isPersonsAct: boolean): void {
    const under = this.#parts.vmAt(this.#place.x, this.#place.y);
    // Not even by the focus that a click has given it: a double click is one act.
    if (under === this.#under) return;
    if (isPersonsAct) return this.#meant(under);
    this.#look();
    this.#under = under;
    this.#underSinceMs = this.#parts.nowMs();
  }

  /** A button is pressed in a window of this VM: can the person not have meant it? */
  isUnmeant(vm: VmId): boolean {
    this.#look();
    if (vm !== this.#under || vm === this.#seen) return false;
    return this.#seen !== null || vm !== this.#parts.vmInUse();
  }

  #meant(under: VmId | null): void {
    this.#under = under;
    this.#seen = under;
  }

  #look(): void {
    if (this.#parts.nowMs() - this.#underSinceMs >= SEEN_MS) this.#seen = this.#under;
  }
}
