/** The clipboard of all VMs, as main tells of it: never its content. */
import { createStore } from "zustand/vanilla";
import type { CurrentClipView, WaitingPasteView } from "#shared/ipc/clipboard.ts";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface ClipboardState {
  /** What a paste in another VM would bring; null: nothing. */
  current: CurrentClipView | null;
  /** Programs that want to paste without a gesture of the person; of a VM one at most. */
  waiting: readonly WaitingPasteView[];
}

export interface ClipboardStore extends ReadonlyStore<ClipboardState> {
  take: (told: EventPayload<"clipboard.changed">) => void;
}

export function createClipboardStore(): ClipboardStore {
  const { getState, getInitialState, setState, subscribe } = createStore<ClipboardState>(() => ({
    current: null,
    waiting: [],
  }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: ({ current, waiting }) => {
      // What waits already stays the same object: its time runs from when it came.
      const known = getState().waiting;
      setState({ current, waiting: waiting.map((one) => known.find(({ id }) => id === one.id) ?? one) });
    },
  };
}
