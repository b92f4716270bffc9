/** What the window manager decides about a guest's windows: a VM's link session asks it, and does nothing on its own. */
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, WindowId, WindowRequest } from "#shared/model/window.ts";
import type { Remembered } from "../model/state.ts";

export interface WindowPolicy {
  /** A window opens: what is remembered of it, or of its application? */
  recall(window: WindowId, vm: VmId, guest: GuestWindow): Remembered | null;
  /**
   * A window's first frame has come: may it take focus? `isStarted`: it is the first window of a program that the host
   * launched; `hadFocus`: it is back, and had focus or not; null: it is a new one.
   */
  mayTakeFocus(window: WindowId, isStarted: boolean, hadFocus: boolean | null): boolean;
  /** A program asks to have its window moved, resized, maximised and so on. */
  requested(window: WindowId, request: WindowRequest): void;
}
