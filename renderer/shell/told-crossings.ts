/** What has just crossed, as the toasts in the corner say it: a few, for a moment. All of it is in the timeline. */
import { createStore } from "zustand/vanilla";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export type ToldCrossing = EventPayload<"crossing.told">;

export interface ToldState {
  /** The newest first, at most MAX_TOLD. */
  told: readonly ToldCrossing[];
  /** How many more came while as many were shown; 0 again when none is. */
  more: number;
}

export interface ToldCrossings extends ReadonlyStore<ToldState> {
  tell: (crossing: ToldCrossing) => void;
  dismiss: (seq: number) => void;
}

export const MAX_TOLD = 3;
export const TOLD_MS = 4_000;

export function createToldCrossings(): ToldCrossings {
  const { getState, getInitialState, setState, subscribe } = createStore<ToldState>(() => ({ told: [], more: 0 }));
  /** One timer for each that is shown. */
  const timers = new Map<number, ReturnType<typeof setTimeout>>();

  function dismiss(seq: number): void {
    clearTimeout(timers.get(seq));
    timers.delete(seq);
    setState(({ told, more }) => {
      const rest = told.filter((one) => one.seq !== seq);
      return { told: rest, more: rest.length === 0 ? 0 : more };
    });
  }

  return {
    getState,
    getInitialState,
    subscribe,
    dismiss,
    tell: (crossing) => {
      const { seq } = crossing;
      clearTimeout(timers.get(seq));
      timers.set(
        seq,
        setTimeout(() => dismiss(seq), TOLD_MS),
      );
      const others = getState().told.filter((one) => one.seq !== seq);
      const left = others.slice(MAX_TOLD - 1);
      for (const one of left) {
        clearTimeout(timers.get(one.seq));
        timers.delete(one.seq);
      }
      setState(({ more }) => ({ told: [crossing, ...others.slice(0, MAX_TOLD - 1)], more: more + left.length }));
    },
  };
}
