/** What the window manager shows above the windows while a person moves or chooses one: written by drag and switcher. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { Rect, WindowId } from "#shared/model/window.ts";

export interface WmOverlays {
  /** Where a window that is being moved will go when it is let go. */
  snap: Rect | null;
  /** Windows to choose from, the one used last first. */
  switcher: { windows: readonly WindowId[]; at: number } | null;
}

export type WmOverlayStore = StoreApi<WmOverlays>;

export function createWmOverlayStore(): WmOverlayStore {
  return createStore<WmOverlays>(() => ({ snap: null, switcher: null }));
}
