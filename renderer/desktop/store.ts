/** What the desktop itself shows besides windows. */
import { createStore } from "zustand/vanilla";
import type { ThemeState } from "#shared/model/theme.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { FileProblem } from "#shared/model/yaml-file.ts";

/** What of the host lies above the windows and has the keyboard; one at a time. */
export type Overlay =
  /** `vm`: only its programs; null: those of all. */
  | { kind: "launcher"; vm: VmId | null }
  | { kind: "atoll-menu" }
  | { kind: "vm-menu"; vm: VmId }
  /** `question`: of main, which waits for the answer. */
  | { kind: "kill-prompt"; question: number; vm: VmId }
  | { kind: "shortcuts" }
  | { kind: "problems" }
  /** Atoll shall end; these VMs run. */
  | { kind: "quit-prompt"; question: number; vms: readonly VmId[] }
  /** What can be done to a window; `x`, `y`: where on the page. */
  | { kind: "window-menu"; window: WindowId; x: number; y: number }
  /** The windows of one application, in the dock; `first` is the one that opened first. */
  | { kind: "dock-menu"; first: WindowId }
  /** The keyboard is in the top bar. */
  | { kind: "bar" };

/** A program that was told to start; see launches.ts. */
export interface Launch {
  id: number;
  vm: VmId;
  /** What its windows name as their launch; null: main has not answered yet. */
  launch: number | null;
  appId: string;
  name: string;
}

export interface DesktopUi {
  overlay: Overlay | null;
  theme: ThemeState;
  problems: readonly FileProblem[];
  launches: readonly Launch[];
}

export const desktopStore = createStore<DesktopUi>(() => ({
  overlay: null,
  theme: { choice: "system", shown: "dark" },
  problems: [],
  launches: [],
}));

export function setOverlay(overlay: Overlay | null): void {
  desktopStore.setState({ overlay });
}

/** Closes it if it is (still) the one: what it opened in its stead stays. */
export function closeOverlay(kind: Overlay["kind"]): void {
  if (desktopStore.getState().overlay?.kind === kind) setOverlay(null);
}

export function toggleLauncher(): void {
  setOverlay(desktopStore.getState().overlay?.kind === "launcher" ? null : { kind: "launcher", vm: null });
}
