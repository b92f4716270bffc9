/** Offers of a guest as main hears of them: one in 50 ms of each selection. */
import type { ClipSelection } from "#shared/model/clip.ts";
import type { TimedOffer } from "../contracts/clipboard.ts";
import { NewestPace } from "../newest-pace.ts";

export const OFFER_MS = 50;

export class OfferPace {
  readonly #pace: NewestPace<ClipSelection, TimedOffer>;

  constructor(tell: (offer: TimedOffer) => void) {
    this.#pace = new NewestPace(OFFER_MS, tell);
  }

  take(offer: TimedOffer): void {
    this.#pace.take(offer.selection, offer);
  }

  /** No offer is passed on any more. */
  end(): void {
    this.#pace.end();
  }
}
