/** What the window manager decides about a guest's windows: a VM's link session asks it, and does nothing on its own. */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, GuestWindow, WindowId, WindowRequest } from "#shared/model/window.ts";
import type { Remembered } from "../model/state.ts";

export interface WindowPolicy {
  /** A window opens: what is remembered of it, or of its application? */
  recall(window: WindowId, vm: VmId, guest: GuestWindow): Remembered | null;
  /**
   * A window's first frame has come: why may it take focus? null: it may not. `launchedAtMs`: when the host launched the
   * program whose first window it is, performance.now(); null: it is no such window. `hadFocus`: it is back, and had focus or
   * not; null: it is a new one.
   */
  focusClaim(window: WindowId, launchedAtMs: number | null, hadFocus: boolean | null): FocusCause | null;
  /** A program asks to have its window moved, resized, maximised and so on. */
  requested(window: WindowId, request: WindowRequest): void;
}
