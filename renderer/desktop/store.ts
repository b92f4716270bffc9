/** What the desktop itself shows besides windows. */
import { createStore } from "zustand/vanilla";
import type { Theme } from "#shared/ipc/contract.ts";
import type { VmId } from "#shared/model/vm.ts";

/** What of the host lies above the windows and has the keyboard; one at a time. */
export type Overlay = { kind: "launcher" } | { kind: "vm-menu"; vm: VmId };

export interface DesktopUi {
  overlay: Overlay | null;
  theme: Theme;
  /** One line about something that failed, until it fades. */
  notice: string | null;
}

export const desktopStore = createStore<DesktopUi>(() => ({ overlay: null, theme: "dark", notice: null }));

export function setOverlay(overlay: Overlay | null): void {
  desktopStore.setState({ overlay });
}

export function toggleLauncher(): void {
  setOverlay(desktopStore.getState().overlay?.kind === "launcher" ? null : { kind: "launcher" });
}

let noticeTimer = 0;
const NOTICE_MS = 6_000;

export function showNotice(notice: string): void {
  desktopStore.setState({ notice });
  window.clearTimeout(noticeTimer);
  noticeTimer = window.setTimeout(() => desktopStore.setState({ notice: null }), NOTICE_MS);
}
