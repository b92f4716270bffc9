/** What has just crossed, as the toasts in the corner say it: a few, for a moment. All of it is in the timeline. */
import { createStore } from "zustand/vanilla";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export type CrossingNotice = EventPayload<"crossing.notice">;

export interface CrossingNoticesState {
  /** The newest first, at most MAX_NOTICES. */
  notices: readonly CrossingNotice[];
  /** How many more came while as many were shown; 0 again when none is. */
  more: number;
}

export interface CrossingNotices extends ReadonlyStore<CrossingNoticesState> {
  tell: (crossing: CrossingNotice) => void;
  dismiss: (seq: number) => void;
}

export const MAX_NOTICES = 3;
export const NOTICE_MS = 4_000;
/** There is more to read. */
export const FAILURE_NOTICE_MS = 8_000;

export function createCrossingNotices(): CrossingNotices {
  const { getState, getInitialState, setState, subscribe } = createStore<CrossingNoticesState>(() => ({
    notices: [],
    more: 0,
  }));
  /** One timer for each that is shown. */
  const timers = new Map<number, ReturnType<typeof setTimeout>>();

  function dismiss(seq: number): void {
    clearTimeout(timers.get(seq));
    timers.delete(seq);
    setState(({ notices, more }) => {
      const rest = notices.filter((one) => one.seq !== seq);
      return { notices: rest, more: rest.length === 0 ? 0 : more };
    });
  }

  return {
    getState,
    getInitialState,
    subscribe,
    dismiss,
    tell: (crossing) => {
      const { seq, failure } = crossing;
      clearTimeout(timers.get(seq));
      timers.set(
        seq,
        setTimeout(() => dismiss(seq), failure === "" ? NOTICE_MS : FAILURE_NOTICE_MS),
      );
      const others = getState().notices.filter((one) => one.seq !== seq);
      const left = others.slice(MAX_NOTICES - 1);
      for (const one of left) {
        clearTimeout(timers.get(one.seq));
        timers.delete(one.seq);
      }
      setState(({ more }) => ({ notices: [crossing, ...others.slice(0, MAX_NOTICES - 1)], more: more + left.length }));
    },
  };
}
