/** Files on their way, as main tells of them. */
import { createStore } from "zustand/vanilla";
import { ENDED_TRANSFER_STATES, type TransferView } from "#shared/model/transfer.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface TransferListState {
  /** The newest first; null: main has not told of them yet. */
  transfers: readonly TransferView[] | null;
}

export interface TransferStore extends ReadonlyStore<TransferListState> {
  take: (transfers: readonly TransferView[]) => void;
}

/** `stopped`: hears of each transfer that has just ended or was interrupted; not of what was so when the page came. */
export function createTransferStore(stopped: (transfer: TransferView) => void): TransferStore {
  const { getState, getInitialState, setState, subscribe } = createStore<TransferListState>(() => ({
    transfers: null,
  }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (transfers) => {
      const before = getState().transfers;
      setState({ transfers });
      if (before === null) return;
      for (const now of transfers) {
        // One that has come and ended between two reports is new: it has stopped, too.
        const was = before.find(({ id }) => id === now.id);
        if (hasStopped(now) && was?.state !== now.state) stopped(now);
      }
    },
  };
}

function hasStopped({ state }: TransferView): boolean {
  return state === "interrupted" || ENDED_TRANSFER_STATES.includes(state);
}
