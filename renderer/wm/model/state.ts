/** The window manager's state and what happens to it. Pure data: see reducer.ts. */
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, Rect, Size, SizeHints, WindowId, WindowMode } from "#shared/model/window.ts";
import {
  contentIn,
  type Edges,
  fill,
  type Frame,
  FRAMES,
  isSmallScreen,
  outerOf,
  screenOf,
  TOP_BAR_HEIGHT,
} from "./geometry.ts";

/**
 * `fullscreen`: the program asked for it and draws itself so; on the desktop it is a maximised window. `screen`: full screen
 * by the person's own act.
 */
export type Placement = "free" | "maximized" | "fullscreen" | "left" | "right" | "screen";

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
  /** What it is to be, and what its program is told. */
  readonly placement: Placement;
  /** What its frame shows: follows `placement` once the program has drawn for it. */
  readonly shownAs: Placement;
  /** The program has not drawn for `placement` yet: its pictures still have a former size. */
  readonly isArriving: boolean;
  /** Of its last picture, logical. */
  readonly size: Size;
  readonly isMinimized: boolean;
  /** Edges in hand: those opposite stay where they are when the size changes. null = top left stays. */
  readonly held: Edges | null;
  /** A person moved it; a person gave it its size. */
  readonly isPlacedByHand: boolean;
  readonly isSizedByHand: boolean;
  /** It wants to be looked at, and may not take focus. */
  readonly needsAttention: boolean;
  readonly frozen: Frozen | null;
}

/** What is known of a window, or of one of the same program, from an earlier time. */
export interface Remembered {
  /** Content. */
  free: Rect;
  placement: Placement;
  isMinimized: boolean;
  /** Its size counts as well as its place. */
  keepsSize: boolean;
  /** It is the same window as then, and stood above these. null: a new one. */
  back: { above: readonly WindowId[]; wasFocused: boolean } | null;
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
  /** The first picture came (logical size of its geometry). */
  | { type: "mapped"; id: WindowId; size: Size; takesFocus: boolean; remembered: Remembered | null }
  /** A picture of another size came. `isAnswer`: it is the program's word on the last size that it was asked for. */
  | { type: "sized"; id: WindowId; size: Size; isAnswer: boolean }
  /** The program has had time enough to draw for its placement. */
  | { type: "arrived"; id: WindowId }
  | { type: "demandAttention"; id: WindowId }
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
  workArea: { x: 0, y: TOP_BAR_HEIGHT, width: 1280, height: 766 },
  windows: {},
  stack: [],
  focused: null,
};

export function frameFor(placement: Placement, clientDecorated: boolean, workArea: Rect): Frame {
  if (placement === "screen") return FRAMES.edge;
  if (clientDecorated) return FRAMES.slim;
  return isSmallScreen(workArea) ? FRAMES.compact : FRAMES.full;
}

export function frameOf(window: DesktopWindow, workArea: Rect, placement: Placement = window.shownAs): Frame {
  return frameFor(placement, window.guest.clientDecorated, workArea);
}

/** Content of a window that is placed so. `free`: its content when it is placed freely. */
export function contentFor(placement: Placement, free: Rect, frame: Frame, hints: SizeHints, workArea: Rect): Rect {
  switch (placement) {
    case "free":
      return free;
    case "maximized":
    case "fullscreen":
      return contentIn(fill(workArea, "all"), frame);
    case "left":
    case "right":
      return contentIn(fill(workArea, placement, (hints.minWidth ?? 0) + 2 * frame.side), frame);
    case "screen":
      return contentIn(screenOf(workArea), frame);
  }
}

/** Where a window's content is shown, or is to be shown with another placement. */
export function contentOf(window: DesktopWindow, workArea: Rect, placement: Placement = window.shownAs): Rect {
  const frame = frameOf(window, workArea, placement);
  return contentFor(placement, window.free, frame, window.guest.hints, workArea);
}

/** Where a window's frame is. */
export function frameRectOf(window: DesktopWindow, workArea: Rect): Rect {
  return outerOf(contentOf(window, workArea), frameOf(window, workArea));
}

/** Its content once the program has drawn for its placement. */
export function targetOf(window: DesktopWindow, workArea: Rect): Rect {
  return contentOf(window, workArea, window.placement);
}

export function modeOf(window: DesktopWindow): WindowMode {
  if (window.isMinimized) return "minimized";
  if (window.placement === "screen") return "fullscreen";
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
