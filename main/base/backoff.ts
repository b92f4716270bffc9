/** How long to wait before what has ended is begun again: longer each time it ends soon, and as at first once it has held. */

/** What ran for so long is healthy. */
const HELD_MS = 60_000;

export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #nextMs: number;
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(firstMs = 1_000, mostMs = 30_000) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#nextMs = firstMs;
  }

  /** It has ended now; it is begun again when the returned time has gone by. */
  ended(nowMs: number): number {
    if (nowMs - this.#begunMs >= HELD_MS) this.#nextMs = this.#firstMs;
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(this.#mostMs, 2 * waitMs);
    this.#begunMs = nowMs + waitMs;
    return waitMs;
  }
}
