/** A view of a window draws again when what it shows of it changes, and for nothing else. */
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { WindowId } from "#shared/model/window.ts";
import { wmStore } from "../wm/model/store.ts";
import { type WindowFacts, windowFacts } from "../wm/model/window-facts.ts";

/** null: it is gone. */
export function useWindow(id: WindowId): WindowFacts | null {
  return useStore(
    wmStore,
    useShallow((state) => windowFacts(state, id)),
  );
}
