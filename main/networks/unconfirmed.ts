/**
 * States that a program was sent and has not confirmed yet. Each has a time limit of its own, from when it was sent: a later state
 * does not extend the limit of an earlier one, so that a program that hangs is noticed in time.
 */
export class Unconfirmed {
  readonly #withinMs: number;
  readonly #late: () => void;
  /** By revision. */
  readonly #timers = new Map<number, NodeJS.Timeout>();

  /** @param late one was not confirmed in time; the others wait no more, until another state is sent */
  constructor(withinMs: number, late: () => void) {
    this.#withinMs = withinMs;
    this.#late = late;
  }

  sent(revision: number): void {
    const late = (): void => {
      this.clear();
      this.#late();
    };
    this.#timers.set(revision, setTimeout(late, this.#withinMs));
  }

  /** This revision is in force, and with it all before. */
  confirmed(revision: number): void {
    for (const [sent, timer] of this.#timers) {
      if (sent > revision) continue;
      clearTimeout(timer);
      this.#timers.delete(sent);
    }
  }

  clear(): void {
    this.confirmed(Infinity);
  }
}
