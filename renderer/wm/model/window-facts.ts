/** What views show of a window: values that stay equal while it moves, so that no view renders for a step of a move. Pure. */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, WindowId } from "#shared/model/window.ts";
import { isFixedSize } from "./geometry.ts";
import type { DesktopWindow, Frozen, Placement, WmState } from "./state.ts";

export interface WindowFacts {
  readonly vm: VmId;
  /** The title that its program gave it; else the application's id. */
  readonly title: string;
  readonly appId: string;
  readonly isFocused: boolean;
  /** Why it has focus; null: it has not. */
  readonly focusCause: FocusCause | null;
  readonly isMinimized: boolean;
  readonly needsAttention: boolean;
  readonly placement: Placement;
  readonly shownAs: Placement;
  readonly isFixedSize: boolean;
  /** Draws its own header bar. */
  readonly isClientDecorated: boolean;
  readonly frozen: Frozen | null;
}

export function windowFacts({ windows, focused, cause }: WmState, id: WindowId): WindowFacts | null {
  const window = windows[id];
  if (window === undefined) return null;
  const { vm, guest, isMinimized, needsAttention, placement, shownAs, frozen } = window;
  return {
    vm,
    title: guest.title === "" ? guest.appId : guest.title,
    appId: guest.appId,
    isFocused: focused === id,
    focusCause: focused === id ? cause : null,
    isMinimized,
    needsAttention,
    placement,
    shownAs,
    isFixedSize: isFixedSize(guest.hints),
    isClientDecorated: guest.clientDecorated,
    frozen,
  };
}

/** Windows of a VM that ask for attention, in the order in which they opened. */
export function wantingOf({ windows }: WmState, vm: VmId): WindowId[] {
  return Object.values<DesktopWindow>(windows)
    .filter((window) => window.vm === vm && window.isMapped && window.needsAttention)
    .map(({ id }) => id);
}
