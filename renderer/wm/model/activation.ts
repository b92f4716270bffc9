/**
 * Which windows may take focus by themselves: those that a person's last action asked for. Any other opens below the focused
 * one and asks for attention in the dock. Pure.
 */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause } from "#shared/model/window.ts";
import type { DesktopWindow, WmState } from "./state.ts";

/** A program may take this long to open the window that a key press or a click asked for. */
const RECENT_MS = 20_000;
/** If the user acted in another VM within this time, even a launched program may not steal focus. */
const BUSY_MS = 700;

/** How long a launch gives its program's first window a right to focus. */
export const LAUNCH_MS = 30_000;

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
  /** It is the first window of a program that was launched from the desktop or with the `atoll` command, a moment ago. */
  isStarted: boolean;
  /** It is back, after a lost link or a start of the desktop: did it have focus then? null: it is a new one. */
  hadFocus: boolean | null;
}

/**
 * A window appears, or its program asks: why it may take focus; null: it may not. But for a launch, and for what had focus
 * before a link was lost, nothing that a guest does takes the keyboard from one VM to another.
 */
export function focusClaim(window: DesktopWindow, state: WmState, facts: ActivationFacts): FocusCause | null {
  const { activity, nowMs, hadFocus } = facts;
  const focused = state.focused === null ? undefined : state.windows[state.focused];
  // A guest can make its windows come back whenever it likes: not to a person who has gone to another VM since.
  if (hadFocus !== null) {
    const isElsewhere = focused !== undefined && focused.vm !== window.vm && state.cause !== "inherited";
    return hadFocus && !isElsewhere && (activity === null || activity.vm === window.vm) ? "inherited" : null;
  }
  // Whatever had focus before the prompt gets the keyboard back after it.
  if (facts.isPromptShown && focused !== undefined) return null;
  if (state.keyboardVm === null || state.keyboardVm === window.vm) {
    const isRecent = activity?.vm === window.vm && nowMs - activity.atMs <= RECENT_MS;
    if (isRecent) return "person";
    if (focused === undefined || focused.guest.surface === window.guest.parent) return "inherited";
  }
  return facts.isStarted && (activity === null || nowMs - activity.atMs > BUSY_MS) ? "launch" : null;
}

/** Does a launch still give the first window of its program focus? A program may wait with it, but the person goes on. */
export function isLaunchFresh(
  launchedAtMs: number,
  { activity, nowMs }: Pick<ActivationFacts, "activity" | "nowMs">,
): boolean {
  const hasActedSince = activity !== null && activity.atMs > launchedAtMs;
  return nowMs - launchedAtMs <= LAUNCH_MS && !hasActedSince;
}
