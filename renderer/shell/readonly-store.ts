import type { StoreApi } from "zustand/vanilla";

/** A store that views subscribe to; it is changed by the functions beside it only. */
export type ReadonlyStore<State> = Omit<StoreApi<State>, "setState">;
