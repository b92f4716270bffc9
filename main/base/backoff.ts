/** How long to wait before what has ended is begun again: longer each time it ends soon, and as at first once it has held. */

const FIRST_MS = 1_000;
const MOST_MS = 30_000;
/** What ran for so long is healthy. */
const HELD_MS = 60_000;

export class Backoff {
  #nextMs = FIRST_MS;
  #begunMs = Number.NEGATIVE_INFINITY;

  /** It has ended now; it is begun again when the returned time has gone by. */
  ended(nowMs: number): number {
    if (nowMs - this.#begunMs >= HELD_MS) this.#nextMs = FIRST_MS;
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(MOST_MS, 2 * waitMs);
    this.#begunMs = nowMs + waitMs;
    return waitMs;
  }
}
