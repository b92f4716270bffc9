/**
 * Shares the time for drawing among VMs: deficit round robin. In each round every VM that waits is given SHARE_MS, and draws
 * while it has some; one whose drawing took longer than its share sits out the rounds that it has used up. So a VM whose
 * frames are large, or many, costs the others no more than the turn that they wait for. Pure: it is told the time that passed.
 */

/** What a VM is given in a round, and what each drawing costs at least: small frames are drawn in turn, one of each VM. */
const SHARE_MS = 1;

export class DrawShares<Link> {
  /** Time that is left to each, ms; below 0 it has had more than its share. In the order of turns. */
  readonly #left = new Map<Link, number>();

  /** Whose turn it is among those that wait; undefined: none waits. */
  next(waiting: ReadonlySet<Link>): Link | undefined {
    if (waiting.size === 0) return undefined;
    for (const link of waiting) if (!this.#left.has(link)) this.#left.set(link, 0);
    for (const [link, leftMs] of this.#left) {
      if (!waiting.has(link)) continue;
      if (leftMs > 0) return link;
      // The others come first: it goes to the end of the order, where this loop comes by again.
      this.#left.delete(link);
      this.#left.set(link, leftMs + SHARE_MS);
    }
    return undefined;
  }

  /** The VM has drawn, or the desktop has worked for it otherwise. */
  spent(link: Link, ms: number): void {
    this.#left.set(link, (this.#left.get(link) ?? 0) - Math.max(ms, SHARE_MS));
  }

  /** It has had more than its share of late. */
  isInDebt(link: Link): boolean {
    return (this.#left.get(link) ?? 0) < -SHARE_MS;
  }

  /** A refresh of the screen has passed: whoever does not wait is not kept from drawing for what was long ago. */
  refreshed(waiting: ReadonlySet<Link>): void {
    for (const [link, leftMs] of this.#left)
      if (!waiting.has(link)) this.#left.set(link, Math.min(0, leftMs + SHARE_MS));
  }

  forget(link: Link): void {
    this.#left.delete(link);
  }
}
