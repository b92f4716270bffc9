/**
 * Offers of a guest as main hears of them: the first at once, of those that follow within a short time the newest of each
 * selection. A program that copies a thousand times a second costs main some events a second.
 */
import type { ClipSelection } from "#shared/model/clip.ts";
import type { TimedOffer } from "../contracts/clipboard.ts";

export const OFFER_MS = 50;

export class OfferPace {
  readonly #tell: (offer: TimedOffer) => void;
  readonly #waiting = new Map<ClipSelection, TimedOffer>();
  #timer: NodeJS.Timeout | null = null;

  constructor(tell: (offer: TimedOffer) => void) {
    this.#tell = tell;
  }

  take(offer: TimedOffer): void {
    // In the order in which they came.
    this.#waiting.delete(offer.selection);
    this.#waiting.set(offer.selection, offer);
    if (this.#timer === null) this.#flush();
  }

  /** Nothing is told any more. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #flush(): void {
    const offers = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const offer of offers) this.#tell(offer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#waiting.size > 0) this.#flush();
    }, OFFER_MS);
  }
}
