/** How fast something goes: bytes a second over the last seconds. */

/** The time that is looked at. */
const WINDOW_MS = 4_000;
/** From less nothing is said. */
const MIN_MS = 500;

export class Pace {
  readonly #nowMs: () => number;
  /** The oldest one is at the window's beginning, or before it. */
  #counts: { atMs: number; bytes: number }[] = [];

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** It begins, or goes on, with so many bytes. */
  reset(bytes: number): void {
    this.#counts = [{ atMs: this.#nowMs(), bytes }];
  }

  /** So many bytes in all. */
  count(bytes: number): void {
    const atMs = this.#nowMs();
    this.#counts.push({ atMs, bytes });
    while ((this.#counts[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#counts.shift();
  }

  /** null: not known yet. */
  get rate(): number | null {
    const [first, last] = [this.#counts[0], this.#counts.at(-1)];
    if (first === undefined || last === undefined) return null;
    const ms = this.#nowMs() - first.atMs;
    return ms < MIN_MS ? null : ((last.bytes - first.bytes) / ms) * 1000;
  }
}
