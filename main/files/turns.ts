/** Who may move next: so many at once; of those that wait, one whose parties have the fewest, the oldest first. */

interface Waiting {
  keys: readonly string[];
  go: () => void;
}

export class Turns {
  readonly #atOnce: number;
  readonly #ofOneParty: number;
  /** The parties of each. */
  readonly #moving: (readonly string[])[] = [];
  readonly #waiting: Waiting[] = [];

  /** @param ofOneParty so many at once at most in which the same party takes part: less than `atOnce` leaves room for others */
  constructor(atOnce: number, ofOneParty = atOnce) {
    this.#atOnce = atOnce;
    this.#ofOneParty = ofOneParty;
  }

  /**
   * Resolves when its turn has come, or `signal` is aborted. Call the function that it resolves with when the turn is over.
   *
   * @param keys of the parties that take part
   */
  take(keys: readonly string[], signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(() => undefined);
      };
      const waiting: Waiting = {
        keys,
        go: () => {
          signal.removeEventListener("abort", leave);
          resolve(this.#begin(keys));
        },
      };
      if (signal.aborted) return resolve(() => undefined);
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  /** The same at once; null: others are to end theirs first. */
  tryTake(keys: readonly string[]): (() => void) | null {
    return this.#mayGo(keys) ? this.#begin(keys) : null;
  }

  #begin(keys: readonly string[]): () => void {
    this.#moving.push(keys);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#moving.splice(this.#moving.indexOf(keys), 1);
      this.#next();
    };
  }

  /** Of the party that has the most. */
  #movingOf(keys: readonly string[]): number {
    return Math.max(0, ...keys.map((key) => this.#moving.filter((moving) => moving.includes(key)).length));
  }

  #mayGo(keys: readonly string[]): boolean {
    return this.#moving.length < this.#atOnce && this.#movingOf(keys) < this.#ofOneParty;
  }

  #next(): void {
    for (;;) {
      const able = this.#waiting.filter(({ keys }) => this.#mayGo(keys));
      if (able.length === 0) return;
      const next = able.reduce((best, one) => (this.#movingOf(one.keys) < this.#movingOf(best.keys) ? one : best));
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.go();
    }
  }
}
