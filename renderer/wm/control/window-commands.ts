/** What a person or the `atoll` command can do to a window; the person counts as being in that VM then (activation.ts). */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { ActivityTracker } from "../../input/activity.ts";
import type { HostShortcut } from "../../input/host-keys.ts";
import type { Links } from "./links.ts";
import type { Placement } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";
import { focusOf } from "../model/transients.ts";

export class WindowCommands {
  readonly #wm: WmStore;
  readonly #links: Links;
  readonly #activity: ActivityTracker;
  readonly #bridge: Pick<AtollBridge, "report">;
  /** Placements before full screen. */
  readonly #before = new Map<WindowId, Placement>();

  constructor(wm: WmStore, links: Links, activity: ActivityTracker, bridge: Pick<AtollBridge, "report">) {
    this.#wm = wm;
    this.#links = links;
    this.#activity = activity;
    this.#bridge = bridge;
  }

  focus(id: WindowId): void {
    this.#wm.dispatch({ type: "focus", id });
    this.#noteActivity();
  }

  close(id: WindowId): void {
    if (this.#links.close(id)) this.#bridge.report("window.dismissed", { window: id });
  }

  minimize(id: WindowId): void {
    this.#wm.dispatch({ type: "minimize", id });
    this.#noteActivity();
  }

  maximize(id: WindowId): void {
    this.#wm.dispatch({ type: "place", id, placement: "maximized" });
    this.focus(id);
  }

  /** Shows a minimised window; gives a maximised or tiled one its own place and size back. */
  restore(id: WindowId): void {
    const wasMinimized = this.#wm.getState().windows[id]?.isMinimized === true;
    this.#wm.dispatch({ type: "restore", id });
    if (wasMinimized) this.focus(id);
  }

  toggleMaximize(id: WindowId): void {
    const placement = this.#wm.getState().windows[id]?.placement;
    if (placement === "userFullscreen") this.leaveFullscreen(id);
    else if (placement === "maximized" || placement === "appFullscreen")
      this.#wm.dispatch({ type: "place", id, placement: "free" });
    else this.maximize(id);
  }

  place(id: WindowId, placement: Placement): void {
    this.#wm.dispatch({ type: "place", id, placement });
  }

  /** Full screen by the person's own act; the program is asked to fill it. */
  toggleFullscreen(id: WindowId): void {
    if (this.#wm.getState().windows[id]?.placement === "userFullscreen") return this.leaveFullscreen(id);
    this.#before.set(id, this.#wm.getState().windows[id]?.placement ?? "free");
    this.focus(id);
    this.#wm.dispatch({ type: "place", id, placement: "userFullscreen" });
  }

  /** Back to the placement before. `isRequest`: its program asks for it. */
  leaveFullscreen(id: WindowId, isRequest = false): void {
    const before = this.#before.get(id) ?? "free";
    this.#before.delete(id);
    this.#wm.dispatch({
      type: "place",
      id,
      placement: before === "appFullscreen" || before === "userFullscreen" ? "free" : before,
      isRequest,
    });
  }

  /** A click on its entry in the dock: shows and raises it, or minimises it when it is in front. */
  toggle(id: WindowId): void {
    const state = this.#wm.getState();
    if (state.focused === focusOf(state, id)) this.minimize(id);
    else this.focus(id);
  }

  /** A shortcut of the host that acts on the focused window. */
  runShortcut({ code, modifier }: HostShortcut): void {
    const { focused, windows } = this.#wm.getState();
    const window = focused === null ? undefined : windows[focused];
    if (window === undefined) return;
    const { id, placement } = window;
    if (modifier === "Alt") {
      if (code === "F4") this.close(id);
      return;
    }
    switch (code) {
      case "KeyQ":
        return this.close(id);
      case "KeyF":
        return this.toggleFullscreen(id);
      case "KeyH":
        return this.minimize(id);
      case "Escape":
        return placement === "userFullscreen" ? this.leaveFullscreen(id) : undefined;
      case "ArrowUp":
        return this.place(id, "maximized");
      case "ArrowDown":
        if (placement === "userFullscreen") return this.leaveFullscreen(id);
        return placement === "free" ? this.minimize(id) : this.place(id, "free");
      case "ArrowLeft":
        return this.place(id, placement === "left" ? "free" : "left");
      case "ArrowRight":
        return this.place(id, placement === "right" ? "free" : "right");
    }
  }

  /** The person is now in the VM of the focused window. */
  #noteActivity(): void {
    const { focused, windows } = this.#wm.getState();
    const window = focused === null ? undefined : windows[focused];
    if (window !== undefined) this.#activity.note(window.vm);
  }
}
