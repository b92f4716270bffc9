/** The host's launcher, menus, lists and sheet above the windows. They close easily; what must be answered is a prompt (prompts.ts). */
import { createStore } from "zustand/vanilla";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { PromptQueue } from "./prompts.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

/** A view of the sheet; what it shows is desktop/sheet/sheet-tabs.ts. */
export type SheetTab = "vms" | "policy" | "network" | "opening" | "services" | "transfers" | "settings";

/** It has the keyboard; there is one at a time. */
export type Overlay =
  /** `vm`: only its programs; null: those of all. */
  | { kind: "launcher"; vm: VmId | null }
  | { kind: "atoll-menu" }
  | { kind: "vm-menu"; vm: VmId }
  | { kind: "shortcuts" }
  /** The sheet of views that hangs from the top bar; it stays below a prompt. `entry`: of the audit log, to be opened. */
  | { kind: "sheet"; tab: SheetTab; entry?: number }
  | { kind: "clip-history" }
  /** What differs where a text was changed in two places, by the number of the comparison. */
  | { kind: "changes"; comparison: number }
  | { kind: "problems" }
  | { kind: "warnings" }
  /** What can be done to a window; `x`, `y`: where on the page. */
  | { kind: "window-menu"; window: WindowId; x: number; y: number }
  /** The windows of one entry of the dock; `first`: the one that opened first. */
  | { kind: "dock-menu"; first: WindowId }
  /** The keyboard is in the icons of the desktop. */
  | { kind: "icons" }
  /** What can be done to icons; what the desktop shows. `x`, `y`: where on the page. */
  | { kind: "icon-menu"; icon: string; x: number; y: number }
  | { kind: "desktop-menu"; x: number; y: number }
  /** The keyboard is in the top bar. */
  | { kind: "bar" };

export type OverlayOf<Kind extends Overlay["kind"]> = Extract<Overlay, { kind: Kind }>;

export interface OverlayState {
  overlay: Overlay | null;
}

export interface OverlayStore extends ReadonlyStore<OverlayState> {
  /** Replaces the one that is open; nothing opens while a prompt waits for its answer. */
  open: (overlay: Overlay) => void;
  close: () => void;
  /** Closes it if it is (still) of this kind: one that has replaced it stays. */
  closeIf: (kind: Overlay["kind"]) => void;
  toggleLauncher: () => void;
  /** Shows this view of the sheet; closes the sheet when it shows it already. */
  toggleSheet: (tab: SheetTab) => void;
}

export function createOverlayStore(prompts: PromptQueue): OverlayStore {
  const { getState, getInitialState, setState, subscribe } = createStore<OverlayState>(() => ({ overlay: null }));
  const open = (overlay: Overlay): void => {
    if (prompts.getState().waiting.length === 0) setState({ overlay });
  };
  const close = (): void => setState({ overlay: null });
  const closeIf = (kind: Overlay["kind"]): void => {
    if (getState().overlay?.kind === kind) close();
  };
  prompts.subscribe(({ waiting }) => {
    if (waiting.length > 0 && getState().overlay?.kind !== "sheet") close();
  });
  return {
    getState,
    getInitialState,
    subscribe,
    open,
    close,
    closeIf,
    toggleSheet: (tab) => {
      const { overlay } = getState();
      if (overlay?.kind === "sheet" && overlay.tab === tab) close();
      else open({ kind: "sheet", tab });
    },
    toggleLauncher: () => (getState().overlay?.kind === "launcher" ? close() : open({ kind: "launcher", vm: null })),
  };
}
