/** The one store of the window manager. Views subscribe to their own window; effects to what changed. */
import { createStore } from "zustand/vanilla";
import { subscribeWithSelector } from "zustand/middleware";
import { reduce } from "./reducer.ts";
import { EMPTY, type WmAction, type WmState } from "./state.ts";

export const wmStore = createStore<WmState>()(subscribeWithSelector(() => EMPTY));

export function dispatch(action: WmAction): void {
  const before = wmStore.getState();
  const after = reduce(before, action);
  if (after !== before) wmStore.setState(after, true);
}
