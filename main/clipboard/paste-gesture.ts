/** For how long, and for how many requests, what a person did in a VM's window counts as a wish to paste there. Pure. */
import type { PasteGesture } from "#shared/model/clip.ts";
import { MAX_PASTES } from "#shared/protocol/limits.ts";

const LASTS_MS: Readonly<Record<PasteGesture, number>> = { keys: 2_000, middle: 2_000, menu: 10_000 };

export class GestureWindow {
  #untilMs = -Infinity;
  #left = 0;

  begin(kind: PasteGesture, nowMs: number): void {
    // The window menu's longer one is not cut short by a chord.
    this.#untilMs = Math.max(this.#untilMs, nowMs + LASTS_MS[kind]);
    this.#left = MAX_PASTES;
  }

  /** Whether a request counts as meant by the person; browsers make several of one paste. */
  take(nowMs: number): boolean {
    if (nowMs > this.#untilMs || this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
