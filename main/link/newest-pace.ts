/**
 * Throttles events of a guest on their way to main: the first goes at once; of those that follow within a short time only the
 * newest of each key goes, at the end of that time. A program that floods its guest costs main some events a second.
 */

export class NewestPace<Key, Value> {
  readonly #intervalMs: number;
  readonly #tell: (value: Value) => void;
  readonly #waiting = new Map<Key, Value>();
  #timer: NodeJS.Timeout | null = null;

  constructor(intervalMs: number, tell: (value: Value) => void) {
    this.#intervalMs = intervalMs;
    this.#tell = tell;
  }

  take(key: Key, value: Value): void {
    // In the order in which they came.
    this.#waiting.delete(key);
    this.#waiting.set(key, value);
    if (this.#timer === null) this.#flush();
  }

  /** Nothing is passed on any more. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #flush(): void {
    const values = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const value of values) this.#tell(value);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#waiting.size > 0) this.#flush();
    }, this.#intervalMs);
  }
}
