/** What of the window manager lies above the windows: views read it, drag and switcher write it. */
import { createStore } from "zustand/vanilla";
import type { Rect, WindowId } from "#shared/model/window.ts";

export interface WmOverlays {
  /** Where a window that is being moved will go when it is let go. */
  snap: Rect | null;
  /** Windows to choose from, the one used last first. */
  switcher: { windows: readonly WindowId[]; at: number } | null;
}

export const overlayStore = createStore<WmOverlays>(() => ({ snap: null, switcher: null }));
