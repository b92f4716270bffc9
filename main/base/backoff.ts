/** Growing waits before something that ended or failed is begun again; short ones again once it has held for a while. */

/** What ran for so long counts as healthy. */
const HEALTHY_MS = 60_000;

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(firstMs = 1_000, maxMs = 30_000) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#nextMs = firstMs;
  }

  /** It has ended at `nowMs`: how long to wait before it is begun again. Doubles with each end that follows soon. */
  nextDelayMs(nowMs: number): number {
    if (nowMs - this.#begunMs >= HEALTHY_MS) this.#nextMs = this.#firstMs;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, 2 * delayMs);
    this.#begunMs = nowMs + delayMs;
    return delayMs;
  }
}
