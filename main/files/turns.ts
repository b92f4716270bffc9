/**
 * Limits how many transfers (or scans) run at once, in all and for each party. When one ends, the next is one that somebody has asked
 * for; among those, one whose parties have the fewest running; among those, one whose parties had a turn longest ago; among those, the
 * oldest.
 */

interface Waiting {
  keys: readonly string[];
  isUnasked: boolean;
  go: () => void;
}

interface Moving {
  readonly keys: readonly string[];
  readonly isUnasked: boolean;
  /** null: it ends by itself alone. */
  readonly giveWay: (() => void) | null;
  isGivingWay: boolean;
  /** It has had its time, if others wait. */
  isLong: boolean;
}

interface TurnOptions {
  /** Asks to end the turn soon: one waits whose parties have none, and its party has another one, or it has had its time. */
  giveWay?: () => void;
  /** Nobody waits for it: it gives way to whoever waits, and its turn comes after theirs. */
  isUnasked?: boolean;
}

interface TurnLimits {
  /** So many at once at most in which the same party takes part: less than all leaves room for others. */
  ofOneParty?: number;
  /** A party's only turn is asked to give way after so long; without it never, however long others wait. */
  sliceMs?: number;
}

/** Parties of which is known when they had a turn last: the oldest goes. */
const MAX_REMEMBERED = 200;

export class Turns {
  readonly #atOnce: number;
  readonly #ofOneParty: number;
  readonly #sliceMs: number | undefined;
  readonly #moving: Moving[] = [];
  readonly #waiting: Waiting[] = [];
  /** By party: which turn it had last. */
  readonly #last = new Map<string, number>();
  #turns = 0;

  constructor(atOnce: number, { ofOneParty = atOnce, sliceMs }: TurnLimits = {}) {
    this.#atOnce = atOnce;
    this.#ofOneParty = ofOneParty;
    this.#sliceMs = sliceMs;
  }

  /**
   * Resolves when its turn has come, or `signal` is aborted. Call the function that it resolves with when the turn is over.
   *
   * @param keys of the parties that take part
   */
  take(keys: readonly string[], signal: AbortSignal, options: TurnOptions = {}): Promise<() => void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(() => undefined);
      };
      const waiting: Waiting = {
        keys,
        isUnasked: options.isUnasked ?? false,
        go: () => {
          signal.removeEventListener("abort", leave);
          resolve(this.#begin(keys, options));
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
    return this.#mayGo(keys) ? this.#begin(keys, {}) : null;
  }

  #begin(keys: readonly string[], { giveWay, isUnasked = false }: TurnOptions): () => void {
    const moving: Moving = { keys, isUnasked, giveWay: giveWay ?? null, isGivingWay: false, isLong: false };
    this.#moving.push(moving);
    this.#remember(keys);
    const isLong = (): void => {
      moving.isLong = true;
      this.#askToGiveWay();
    };
    const slice = this.#sliceMs === undefined ? undefined : setTimeout(isLong, this.#sliceMs).unref();
    return () => {
      clearTimeout(slice);
      const at = this.#moving.indexOf(moving);
      if (at < 0) return;
      this.#moving.splice(at, 1);
      this.#next();
    };
  }

  #remember(keys: readonly string[]): void {
    this.#turns += 1;
    for (const key of keys) {
      this.#last.delete(key);
      this.#last.set(key, this.#turns);
    }
    for (const key of this.#last.keys()) {
      if (this.#last.size <= MAX_REMEMBERED) return;
      this.#last.delete(key);
    }
  }

  /** Of the party that has the most. */
  #movingOf(keys: readonly string[]): number {
    return Math.max(0, ...keys.map((key) => this.#moving.filter((moving) => moving.keys.includes(key)).length));
  }

  /** Of the party that had one last. */
  #lastOf(keys: readonly string[]): number {
    return Math.max(0, ...keys.map((key) => this.#last.get(key) ?? 0));
  }

  #mayGo(keys: readonly string[]): boolean {
    return this.#moving.length < this.#atOnce && this.#movingOf(keys) < this.#ofOneParty;
  }

  #next(): void {
    for (;;) {
      const able = this.#waiting.filter(({ keys }) => this.#mayGo(keys));
      if (able.length === 0) return this.#askToGiveWay();
      const next = able.reduce((best, one) => (this.#isBefore(one, best) ? one : best));
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.go();
    }
  }

  #isBefore(one: Waiting, other: Waiting): boolean {
    if (one.isUnasked !== other.isUnasked) return other.isUnasked;
    const more = this.#movingOf(one.keys) - this.#movingOf(other.keys);
    return more < 0 || (more === 0 && this.#lastOf(one.keys) < this.#lastOf(other.keys));
  }

  /**
   * The latest that can: where somebody waits, one that nobody has asked for; of a party that has several; else the one that has had
   * its time the longest. One after the other.
   */
  #askToGiveWay(): void {
    if (this.#moving.some(({ isGivingWay }) => isGivingWay)) return;
    const able = this.#moving.filter(({ giveWay }) => giveWay !== null);
    const isAskedFor = this.#waiting.some(({ isUnasked }) => !isUnasked);
    const isWaitedFor = this.#waiting.some(({ keys }) => this.#movingOf(keys) === 0);
    const several = able.filter(({ keys }) => this.#movingOf(keys) > 1);
    const isFree = ({ isUnasked }: Moving): boolean => isUnasked;
    const moving =
      (isAskedFor ? able.findLast(isFree) : undefined) ??
      (isWaitedFor ? (several.findLast(isFree) ?? several.at(-1) ?? able.find(({ isLong }) => isLong)) : undefined);
    if (moving === undefined) return;
    moving.isGivingWay = true;
    moving.giveWay?.();
  }
}
