/** The store around the reducer. Views subscribe to their own window, effects to what changed. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { reduce } from "./reducer.ts";
import { EMPTY, type WmAction, type WmState } from "./state.ts";

/** Changes by actions only. */
export interface WmStore extends Omit<StoreApi<WmState>, "setState"> {
  dispatch: (action: WmAction) => void;
}

export function createWmStore(): WmStore {
  const { getState, getInitialState, setState, subscribe } = createStore<WmState>(() => EMPTY);
  return {
    getState,
    getInitialState,
    subscribe,
    dispatch: (action) => {
      const before = getState();
      const after = reduce(before, action);
      if (after !== before) setState(after, true);
    },
  };
}
