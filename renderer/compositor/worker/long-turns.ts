/**
 * While refreshes of the screen come late, VMs whose drawing takes long rest between their turns: what they have the page, the
 * screen and the other processor do is not seen by who shares the time for drawing (draw-shares.ts), and each refresh that is
 * missed costs every VM that draws a frame. Where refreshes are in time, nobody rests. Pure: its caller passes the time.
 */

/** A shorter turn delays no refresh. */
const LONG_MS = 2;
/** At most, a VM rests for so many times what its turn took: the others keep nine tenths of the time. */
const MAX_RESTS = 9;
/** Whatever a turn took, so often a VM has one. */
const MAX_REST_MS = 300;
/** With each refresh that is in time the rests become shorter, by this. */
const EASED = 0.95;
/** A rest shorter than the turn itself is none. */
const MIN_RESTS = 1;

export class LongTurns<Link> {
  /** For how many times its turn a VM rests. */
  #rests = 0;
  readonly #until = new Map<Link, number>();

  /** A refresh followed another one, at once or late. */
  refreshed(isLate: boolean): void {
    if (isLate) this.#rests = Math.min(MAX_RESTS, Math.max(MIN_RESTS, this.#rests * 2));
    else this.#rests = this.#rests * EASED < MIN_RESTS ? 0 : this.#rests * EASED;
  }

  /** It has drawn for so long, or the desktop has worked for it; false: that was no long turn. */
  took(link: Link, ms: number, nowMs: number): boolean {
    if (ms < LONG_MS) return false;
    this.#until.set(link, nowMs + Math.min(MAX_REST_MS, ms * this.#rests));
    return true;
  }

  /** How long it still rests, ms. */
  waitMs(link: Link, nowMs: number): number {
    return Math.max(0, (this.#until.get(link) ?? 0) - nowMs);
  }

  forget(link: Link): void {
    this.#until.delete(link);
  }
}
