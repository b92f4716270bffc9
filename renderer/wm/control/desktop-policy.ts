/** The window manager's own WindowPolicy. */
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, WindowId, WindowRequest } from "#shared/model/window.ts";
import type { ActivityTracker } from "../../input/activity.ts";
import { mayTakeFocus } from "../model/activation.ts";
import type { Remembered } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";
import type { Drag } from "./drag.ts";
import type { WindowMemory } from "./memory.ts";
import type { WindowCommands } from "./window-commands.ts";
import type { WindowPolicy } from "./window-policy.ts";

interface PolicyParts {
  wm: WmStore;
  activity: ActivityTracker;
  memory: WindowMemory;
  commands: WindowCommands;
  drag: Drag;
  isPromptShown: () => boolean;
}

export class DesktopPolicy implements WindowPolicy {
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  recall(window: WindowId, vm: VmId, guest: GuestWindow): Remembered | null {
    return this.#parts.memory.recall(window, vm, guest);
  }

  mayTakeFocus(id: WindowId, isStarted: boolean, hadFocus: boolean | null): boolean {
    const { wm, activity, isPromptShown } = this.#parts;
    const state = wm.getState();
    const window = state.windows[id];
    const now = { activity: activity.last, nowMs: performance.now(), isPromptShown: isPromptShown() };
    return window !== undefined && mayTakeFocus(window, state, { ...now, isStarted, hadFocus });
  }

  /** A program gets no more than a person would give: nothing is raised over another VM's window. */
  requested(id: WindowId, request: WindowRequest): void {
    const { wm, commands, drag } = this.#parts;
    const window = wm.getState().windows[id];
    if (window === undefined) return;
    const { placement, isMinimized } = window;
    // Full screen is the person's act: a program can end it, but not begin it.
    const isUserFullscreen = placement === "userFullscreen";
    switch (request.kind) {
      case "maximize":
        return isUserFullscreen ? undefined : commands.place(id, "maximized");
      case "fullscreen":
        return isUserFullscreen ? undefined : commands.place(id, "appFullscreen");
      case "unmaximize":
        return placement === "maximized" ? commands.place(id, "free") : undefined;
      case "unfullscreen":
        return placement === "appFullscreen" || isUserFullscreen ? commands.leaveFullscreen(id) : undefined;
      case "minimize":
        return wm.dispatch({ type: "minimize", id });
      case "activate":
        return wm.dispatch({ type: this.mayTakeFocus(id, false, null) ? "focus" : "demandAttention", id });
      case "unminimize":
        if (!isMinimized) return;
        if (this.mayTakeFocus(id, false, null)) return wm.dispatch({ type: "focus", id });
        wm.dispatch({ type: "reappear", id });
        return wm.dispatch({ type: "demandAttention", id });
      case "raise":
        wm.dispatch({ type: "raise", id });
        return wm.dispatch({ type: "demandAttention", id });
      case "attention":
        return wm.dispatch({ type: "demandAttention", id });
      case "move":
        return drag.requested(id, null);
      case "resize":
        return drag.requested(id, request.edges);
    }
  }
}
