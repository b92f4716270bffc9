/** Who may move next: so many at once; of those that wait, one of the party that has the fewest, the oldest first. */

interface Waiting {
  key: string;
  go: () => void;
}

export class Turns {
  readonly #atOnce: number;
  readonly #moving: string[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves when its turn has come, or `signal` is aborted. Call the function that it resolves with when the turn is over. */
  take(key: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(() => undefined);
      };
      const waiting: Waiting = {
        key,
        go: () => {
          signal.removeEventListener("abort", leave);
          this.#moving.push(key);
          let isOver = false;
          resolve(() => {
            if (isOver) return;
            isOver = true;
            this.#moving.splice(this.#moving.indexOf(key), 1);
            this.#next();
          });
        },
      };
      if (signal.aborted) return resolve(() => undefined);
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    while (this.#moving.length < this.#atOnce && this.#waiting.length > 0) {
      const movingOf = ({ key }: Waiting): number => this.#moving.filter((other) => other === key).length;
      const next = this.#waiting.reduce((best, one) => (movingOf(one) < movingOf(best) ? one : best));
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.go();
    }
  }
}
