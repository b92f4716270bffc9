/** The window manager's state and what happens to it. Pure data: see reducer.ts. */
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, Rect, Size, WindowId, WindowMode } from "#shared/model/window.ts";
import type { Edges } from "./geometry.ts";
import { fill } from "./geometry.ts";

export type Placement = "free" | "maximized" | "fullscreen" | "left" | "right";

export interface Frozen {
  reason: "protocol-violation" | "agent-lost";
  detail: string;
}

export interface DesktopWindow {
  readonly id: WindowId;
  readonly vm: VmId;
  readonly guest: GuestWindow;
  /** Its first picture came: a person sees it. */
  readonly isMapped: boolean;
  /** Content while `placement` is "free"; where it returns to otherwise. */
  readonly free: Rect;
  readonly placement: Placement;
  readonly isMinimized: boolean;
  /** Edges in hand: those opposite stay where they are when the size changes. null = top left stays. */
  readonly held: Edges | null;
  readonly frozen: Frozen | null;
}

export interface WmState {
  readonly workArea: Rect;
  readonly windows: Readonly<Record<WindowId, DesktopWindow>>;
  /** Bottom to top. */
  readonly stack: readonly WindowId[];
  readonly focused: WindowId | null;
}

export type WmAction =
  | { type: "workAreaChanged"; workArea: Rect }
  | { type: "opened"; id: WindowId; vm: VmId; guest: GuestWindow }
  | { type: "guestChanged"; id: WindowId; change: Partial<GuestWindow> }
  /** The program's picture has this size now (logical units of its geometry). */
  | { type: "sized"; id: WindowId; size: Size }
  | { type: "focus"; id: WindowId | null }
  | { type: "moveTo"; id: WindowId; x: number; y: number }
  | { type: "hold"; id: WindowId; edges: Edges | null }
  | { type: "place"; id: WindowId; placement: Placement }
  | { type: "minimize"; id: WindowId }
  | { type: "restore"; id: WindowId }
  | { type: "freeze"; vm: VmId; frozen: Frozen }
  | { type: "closed"; id: WindowId }
  | { type: "vmGone"; vm: VmId };

export const EMPTY: WmState = {
  workArea: { x: 0, y: 34, width: 1280, height: 766 },
  windows: {},
  stack: [],
  focused: null,
};

/** Where a window's content is shown. */
export function contentOf(window: DesktopWindow, workArea: Rect): Rect {
  switch (window.placement) {
    case "free":
      return window.free;
    case "maximized":
    case "fullscreen":
      return fill(workArea, "all");
    case "left":
    case "right":
      return fill(workArea, window.placement);
  }
}

export function modeOf(window: DesktopWindow): WindowMode {
  if (window.isMinimized) return "minimized";
  return window.placement === "maximized" || window.placement === "fullscreen" ? window.placement : "normal";
}

export function isShown(window: DesktopWindow): boolean {
  return window.isMapped && !window.isMinimized;
}

/** The topmost window that a person sees, apart from `except`. */
export function topmost(state: WmState, except: WindowId | null = null): WindowId | null {
  return (
    state.stack.findLast((id) => {
      const window = state.windows[id];
      return id !== except && window !== undefined && isShown(window);
    }) ?? null
  );
}
