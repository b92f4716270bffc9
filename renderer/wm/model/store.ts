/** The store around the reducer. Views subscribe to their own window, effects to what changed. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { reduce } from "./reducer.ts";
import { isPersonsAct } from "./persons-act.ts";
import { EMPTY, type WmAction, type WmState } from "./state.ts";

/** Changes by actions only. */
export interface WmStore extends Omit<StoreApi<WmState>, "setState"> {
  dispatch: (action: WmAction) => void;
  /** `listener` is told after each change whether a person has made it. */
  onChanged: (listener: (isPersonsAct: boolean) => void) => void;
}

export function createWmStore(): WmStore {
  const { getState, getInitialState, setState, subscribe } = createStore<WmState>(() => EMPTY);
  const listeners: ((isPersonsAct: boolean) => void)[] = [];
  return {
    getState,
    getInitialState,
    subscribe,
    dispatch: (action) => {
      const before = getState();
      const after = reduce(before, action);
      if (after === before) return;
      setState(after, true);
      for (const listener of listeners) listener(isPersonsAct(action));
    },
    onChanged: (listener) => void listeners.push(listener),
  };
}
