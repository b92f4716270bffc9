/** A view of a window renders when what it shows of it changes, and for nothing else. */
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { WindowId } from "#shared/model/window.ts";
import { type WindowFacts, windowFacts } from "../wm/model/window-facts.ts";
import { useShell } from "./shell.ts";

/** null: it is gone. */
export function useWindow(id: WindowId): WindowFacts | null {
  return useStore(
    useShell().wm,
    useShallow((state) => windowFacts(state, id)),
  );
}
