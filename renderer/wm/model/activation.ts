/**
 * Which windows may take focus by themselves: those that a person's last action asked for. Any other opens below the focused
 * one and asks for attention in the dock. Pure.
 */
import type { VmId } from "#shared/model/vm.ts";
import type { DesktopWindow, WmState } from "./state.ts";

/** A program may take this long to open the window that a key press or a click asked for. */
const RECENT_MS = 20_000;
/** If the user acted in another VM within this time, even a launched program may not steal focus. */
const BUSY_MS = 700;

/** When a person last acted in a guest's window or chose one, and in which VM. */
export interface Activity {
  vm: VmId;
  /** performance.now() */
  atMs: number;
}

export interface ActivationFacts {
  /** null: nobody has acted yet. */
  activity: Activity | null;
  nowMs: number;
  /** A question of the host waits for its answer. */
  isPromptShown: boolean;
  /** It is the first window of a program that was launched from the desktop or with the `atoll` command. */
  isStarted: boolean;
  /** It is back, after a lost link or a start of the desktop: did it have focus then? null: it is a new one. */
  hadFocus: boolean | null;
}

/** May a window that appears, or whose program asks, take focus? */
export function mayTakeFocus(window: DesktopWindow, state: WmState, facts: ActivationFacts): boolean {
  const { activity, nowMs, hadFocus } = facts;
  // A guest can make its windows come back whenever it likes: not to a person who has gone to another VM since.
  if (hadFocus !== null) return hadFocus && (activity === null || activity.vm === window.vm);
  const focused = state.focused === null ? undefined : state.windows[state.focused];
  if (focused === undefined) return true;
  // Whatever had focus before the prompt gets the keyboard back after it.
  if (facts.isPromptShown) return false;
  const isDialog = focused.vm === window.vm && focused.guest.surface === window.guest.parent;
  if (isDialog) return true;
  const isRecent = activity !== null && nowMs - activity.atMs <= RECENT_MS;
  if (isRecent && activity.vm === window.vm) return true;
  return facts.isStarted && (activity === null || nowMs - activity.atMs > BUSY_MS);
}
