/** A token bucket that holds three seconds' worth: a burst is no flood. */
const BURST_S = 3;

export class RateLimit {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#tokens = perSecond * BURST_S;
    this.#filledAtMs = nowMs();
  }

  /** Takes one token; false = there is none. */
  take(): boolean {
    if (this.#tokens < 1) {
      const now = this.#nowMs();
      this.#tokens = Math.min(
        this.#perSecond * BURST_S,
        this.#tokens + ((now - this.#filledAtMs) / 1000) * this.#perSecond,
      );
      this.#filledAtMs = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens -= 1;
    return true;
  }
}
