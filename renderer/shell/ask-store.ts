/** Names that VMs want to connect to and the person is asked about, as main tells of them. */
import { createStore } from "zustand/vanilla";
import type { AskCard } from "#shared/model/network.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface AskState {
  /** The oldest first. */
  cards: readonly AskCard[];
  /** The person has put the cards away until another one comes: nothing is answered by that. */
  isPutAway: boolean;
}

export interface AskStore extends ReadonlyStore<AskState> {
  take: (cards: readonly AskCard[]) => void;
  putAway: () => void;
}

export function createAskStore(): AskStore {
  const { getState, getInitialState, setState, subscribe } = createStore<AskState>(() => ({
    cards: [],
    isPutAway: false,
  }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (cards) => {
      const { cards: before, isPutAway } = getState();
      const isNew = cards.some(({ id }) => !before.some((one) => one.id === id));
      setState({ cards, isPutAway: isPutAway && !isNew });
    },
    putAway: () => setState({ isPutAway: true }),
  };
}
