/** What the desktop itself shows besides windows, as main reports it. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { PromptMark } from "#shared/model/prompt-mark.ts";
import type { ThemeState } from "#shared/model/theme.ts";
import type { FileProblem } from "#shared/model/yaml-file.ts";

export interface DesktopUi {
  theme: ThemeState;
  /** The mark on prompts; null: it cannot be read. */
  promptMark: PromptMark | null;
  /** Files of the person that are not used, because something is wrong with them. */
  problems: readonly FileProblem[];
  /** What the person should know of how the application runs on this host. */
  warnings: readonly string[];
  /** The welcome lies on the desktop, below all windows. */
  isWelcome: boolean;
}

export type DesktopStore = StoreApi<DesktopUi>;

export function createDesktopStore(): DesktopStore {
  return createStore<DesktopUi>(() => ({
    theme: { choice: "system", shown: "dark" },
    promptMark: null,
    problems: [],
    warnings: [],
    isWelcome: false,
  }));
}
