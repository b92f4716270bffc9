/** The second click of a double click on a button, or a second Enter, asks for nothing more: it would fail, or do the same twice. */

/** Between the clicks of a double click, as desktops have it. */
const DOUBLE_CLICK_MS = 500;

export class Repeats {
  readonly #nowMs: () => number;
  /** When each was asked for that is on its way. */
  readonly #asked = new Map<string, number>();

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Asks, unless the same was asked for a moment ago and is on its way: then null. Once it is answered, the same is meant anew. */
  async once<Answer>(request: readonly unknown[], ask: () => Promise<Answer>): Promise<Answer | null> {
    const nowMs = this.#nowMs();
    for (const [key, atMs] of this.#asked) if (nowMs - atMs >= DOUBLE_CLICK_MS) this.#asked.delete(key);
    const key = JSON.stringify(request);
    if (this.#asked.has(key)) return null;
    this.#asked.set(key, nowMs);
    const answer = await ask();
    this.#asked.delete(key);
    return answer;
  }
}
