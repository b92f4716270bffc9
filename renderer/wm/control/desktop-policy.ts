/** The window manager's own WindowPolicy. */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, GuestWindow, WindowId, WindowRequest } from "#shared/model/window.ts";
import type { ActivityTracker } from "../../input/activity.ts";
import { focusClaim, isLaunchFresh } from "../model/activation.ts";
import type { Placement, Remembered } from "../model/state.ts";
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

  focusClaim(id: WindowId, launchedAtMs: number | null, hadFocus: boolean | null): FocusCause | null {
    const { wm, activity, isPromptShown } = this.#parts;
    const state = wm.getState();
    const window = state.windows[id];
    if (window === undefined) return null;
    const now = { activity: activity.last, nowMs: performance.now() };
    const isStarted = launchedAtMs !== null && isLaunchFresh(launchedAtMs, now);
    return focusClaim(window, state, { ...now, isPromptShown: isPromptShown(), isStarted, hadFocus });
  }

  /** A program gets no more than a person would give: nothing is raised over another VM's window, or covers it. */
  requested(id: WindowId, request: WindowRequest): void {
    const { wm, commands, drag } = this.#parts;
    const window = wm.getState().windows[id];
    if (window === undefined) return;
    const { placement, isMinimized } = window;
    // Full screen is the person's act: a program can end it, but not begin it.
    const isUserFullscreen = placement === "userFullscreen";
    switch (request.kind) {
      case "maximize":
        return isUserFullscreen ? undefined : this.#place(id, "maximized");
      case "fullscreen":
        return isUserFullscreen ? undefined : this.#place(id, "appFullscreen");
      case "unmaximize":
        return this.#place(id, placement === "maximized" ? "free" : placement);
      case "unfullscreen":
        return isUserFullscreen || placement === "appFullscreen"
          ? commands.leaveFullscreen(id, true)
          : this.#place(id, placement);
      case "minimize":
        return wm.dispatch({ type: "minimize", id, isRequest: true });
      case "activate":
        return this.#activate(id);
      case "unminimize":
        if (!isMinimized) return;
        if (this.focusClaim(id, null, null) === null) wm.dispatch({ type: "reappear", id });
        return this.#activate(id);
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

  #activate(id: WindowId): void {
    const { wm } = this.#parts;
    const request = this.focusClaim(id, null, null);
    wm.dispatch(request === null ? { type: "demandAttention", id } : { type: "focus", id, request });
  }

  /** The placement that it has: it takes back what it has wished for. */
  #place(id: WindowId, placement: Placement): void {
    this.#parts.wm.dispatch({ type: "place", id, placement, isRequest: true });
  }
}
