/** The window manager's state and what happens to it. Pure data: see reducer.ts. */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, GuestWindow, Rect, Size, SizeHints, WindowId, WindowMode } from "#shared/model/window.ts";
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
 * `appFullscreen`: the program asked for full screen and draws itself so; on the desktop it is a maximised window.
 * `userFullscreen`: the person has made it fill the whole screen.
 */
export type Placement = "free" | "maximized" | "appFullscreen" | "left" | "right" | "userFullscreen";

/** What a person is doing to a window just now. `edges`: those being dragged; the opposite ones keep their place. */
export type Held = { kind: "move" } | { kind: "resize"; edges: Edges };

export interface Frozen {
  reason: "protocol-violation" | "agent-lost";
  detail: string;
}

export interface DesktopWindow {
  readonly id: WindowId;
  readonly vm: VmId;
  readonly guest: GuestWindow;
  /** Its first frame has come: it can be seen, and reported to main (a Wayland compositor calls this mapped). */
  readonly isMapped: boolean;
  /** Content while `placement` is "free"; where it returns to otherwise. */
  readonly free: Rect;
  /** Where it is to be; its program has been asked to draw for it. */
  readonly placement: Placement;
  /** Where its frame is drawn: follows `placement` once the program has drawn for that. */
  readonly shownAs: Placement;
  /** The program has not drawn for `placement` yet: its frames still have the size from before. */
  readonly isArriving: boolean;
  /** Of its last frame, in logical pixels. */
  readonly size: Size;
  readonly isMinimized: boolean;
  /** null: nobody moves or resizes it; when its size changes the top left corner stays. */
  readonly held: Held | null;
  /** A person moved it; a person gave it its size. */
  readonly isPlacedByHand: boolean;
  readonly isSizedByHand: boolean;
  /** It asks to be looked at, and was not given focus. */
  readonly needsAttention: boolean;
  /** Its program asked for this while the window was in the background: it is placed so when a person next uses it. */
  readonly pendingPlacement: "maximized" | "appFullscreen" | null;
  readonly frozen: Frozen | null;
}

/** What is remembered of a window, or of the last one of the same application. */
export interface Remembered {
  /** Content. */
  free: Rect;
  placement: Placement;
  isMinimized: boolean;
  /** Its size counts as well as its place. */
  keepsSize: boolean;
  /** It is the same window, and was stacked above these. null: another window of the same application. */
  back: { above: readonly WindowId[]; wasFocused: boolean } | null;
}

export interface WmState {
  readonly workArea: Rect;
  readonly windows: Readonly<Record<WindowId, DesktopWindow>>;
  /** Bottom to top. */
  readonly stack: readonly WindowId[];
  readonly focused: WindowId | null;
  /** Why `focused` has focus; null: nothing has it. */
  readonly cause: FocusCause | null;
  /** The VM that has the keyboard; while nothing has focus: the one that had it last. null: none has had it yet. */
  readonly keyboardVm: VmId | null;
  /** Windows in which a person has pressed a key or a button, or which one has chosen; the one used last comes first. */
  readonly used: readonly WindowId[];
  /** A question of the host is shown: no window fills the screen meanwhile, as it could draw a question of its own there. */
  readonly isPromptShown: boolean;
}

export type WmAction =
  | { type: "workAreaChanged"; workArea: Rect }
  | { type: "promptShown"; isShown: boolean }
  | { type: "opened"; id: WindowId; vm: VmId; guest: GuestWindow }
  | { type: "guestChanged"; id: WindowId; change: Partial<GuestWindow> }
  /** The first frame has come; `size`: of its window geometry, logical pixels. */
  /** `cause`: why it takes focus; `inherited` where it is left out. */
  | {
      type: "mapped";
      id: WindowId;
      size: Size;
      takesFocus: boolean;
      cause?: FocusCause;
      remembered: Remembered | null;
    }
  /** A frame of another size has come. `isAnswer`: the program drew it for the last size that it was asked for. */
  | { type: "sized"; id: WindowId; size: Size; isAnswer: boolean }
  /** The program has had its time to draw for the new placement; its frame no longer waits. */
  | { type: "arrived"; id: WindowId }
  | { type: "demandAttention"; id: WindowId }
  /** A person chooses the window. `request`: its program asks for it, and may have focus for this cause. */
  | { type: "focus"; id: WindowId | null; request?: FocusCause }
  /** A person has pressed a key or a button in the focused window. */
  | { type: "used" }
  | { type: "moveTo"; id: WindowId; x: number; y: number }
  | { type: "hold"; id: WindowId; held: Held | null }
  /** `isRequest`: its program asks for it; else it is a person's act. */
  | { type: "place"; id: WindowId; placement: Placement; isRequest?: boolean }
  | { type: "minimize"; id: WindowId; isRequest?: boolean }
  | { type: "restore"; id: WindowId }
  /** Its program brings it forward; focus stays where it is. */
  | { type: "raise"; id: WindowId }
  /** Its program shows it again after it was minimised; focus stays where it is. */
  | { type: "reappear"; id: WindowId }
  | { type: "freeze"; vm: VmId; frozen: Frozen }
  | { type: "closed"; id: WindowId }
  | { type: "vmGone"; vm: VmId };

export const EMPTY: WmState = {
  workArea: { x: 0, y: TOP_BAR_HEIGHT, width: 1280, height: 766 },
  windows: {},
  stack: [],
  focused: null,
  cause: null,
  keyboardVm: null,
  used: [],
  isPromptShown: false,
};

export function frameFor(placement: Placement, clientDecorated: boolean, workArea: Rect): Frame {
  if (placement === "userFullscreen") return FRAMES.edge;
  if (clientDecorated) return FRAMES.slim;
  return isSmallScreen(workArea) ? FRAMES.compact : FRAMES.full;
}

export function frameOf(window: DesktopWindow, workArea: Rect, placement: Placement = window.shownAs): Frame {
  return frameFor(placement, window.guest.clientDecorated, workArea);
}

/** Content rectangle of a window with this placement. `free`: its own content rectangle, which "free" gives back. */
export function contentFor(placement: Placement, free: Rect, frame: Frame, hints: SizeHints, workArea: Rect): Rect {
  switch (placement) {
    case "free":
      return free;
    case "maximized":
    case "appFullscreen":
      return contentIn(fill(workArea, "all"), frame);
    case "left":
    case "right":
      return contentIn(fill(workArea, placement, (hints.minWidth ?? 0) + 2 * frame.side), frame);
    case "userFullscreen":
      return contentIn(screenOf(workArea), frame);
  }
}

/** Where a window's content is shown, or is to be shown with another placement. */
export function contentOf(window: DesktopWindow, workArea: Rect, placement: Placement = window.shownAs): Rect {
  const frame = frameOf(window, workArea, placement);
  return contentFor(placement, window.free, frame, window.guest.hints, workArea);
}

/** As what a window whose program has drawn for `placement` is shown. Its program is not told that it is left for a while. */
export function shownFor(placement: Placement, { isPromptShown }: Pick<WmState, "isPromptShown">): Placement {
  return isPromptShown && placement === "userFullscreen" ? "maximized" : placement;
}

/** Where a window's frame is. */
export function frameRectOf(window: DesktopWindow, workArea: Rect): Rect {
  return outerOf(contentOf(window, workArea), frameOf(window, workArea));
}

/** Its content rectangle once the program has drawn for its placement. */
export function targetOf(window: DesktopWindow, workArea: Rect): Rect {
  return contentOf(window, workArea, window.placement);
}

export function modeOf(window: DesktopWindow): WindowMode {
  if (window.isMinimized) return "minimized";
  // While a prompt is shown; while its program draws for it, it counts as what it will be.
  if (window.placement === "userFullscreen" && window.shownAs === "maximized" && !window.isArriving) return "maximized";
  switch (window.placement) {
    case "userFullscreen":
    case "appFullscreen":
      return "fullscreen";
    case "maximized":
      return "maximized";
    default:
      return "normal";
  }
}

export function isShown(window: DesktopWindow): boolean {
  return window.isMapped && !window.isMinimized;
}

/** The window that fills the screen by the person's act; null: none does. */
export function fullscreenOf(state: WmState): WindowId | null {
  const top = topmost(state);
  return top !== null && state.windows[top]?.shownAs === "userFullscreen" ? top : null;
}

/** The topmost window that is shown. */
export function topmost(state: WmState): WindowId | null {
  return (
    state.stack.findLast((id) => {
      const window = state.windows[id];
      return window !== undefined && isShown(window);
    }) ?? null
  );
}
