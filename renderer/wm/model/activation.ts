/**
 * Which windows may come to the front by themselves. A window takes focus when it answers what a person just did; any other
 * opens below the focused one and asks for attention in the dock. Pure.
 */
import type { Activity } from "../../input/activity.ts";
import type { DesktopWindow, WmState } from "./state.ts";

/** A program may take this long to open the window that a key or a click asked for. */
const RECENT_MS = 20_000;
/** Who acted elsewhere within this is at work there: not even a program that was started gets between. */
const BUSY_MS = 700;

export interface ActivationFacts {
  /** The last key or click in any guest's window, or choice of one. */
  activity: Activity | null;
  nowMs: number;
  /** It is the first window of a program that was started from the desktop or with the `atoll` command. */
  isStarted: boolean;
  /** It is back, after a lost link or a start of the desktop: had it focus then? null: it is a new one. */
  hadFocus: boolean | null;
}

/** May a window that appears, or whose program asks, take focus? */
export function mayTakeFocus(window: DesktopWindow, state: WmState, facts: ActivationFacts): boolean {
  const { activity, nowMs, hadFocus } = facts;
  // A guest makes its windows come back as often as it likes: once a person is elsewhere, they stay where they were.
  if (hadFocus !== null) return hadFocus && (activity === null || activity.vm === window.vm);
  const focused = state.focused === null ? undefined : state.windows[state.focused];
  if (focused === undefined) return true;
  const isDialog = focused.vm === window.vm && focused.guest.surface === window.guest.parent;
  if (isDialog) return true;
  const isRecent = activity !== null && nowMs - activity.atMs <= RECENT_MS;
  if (isRecent && activity.vm === window.vm) return true;
  return facts.isStarted && (activity === null || nowMs - activity.atMs > BUSY_MS);
}
