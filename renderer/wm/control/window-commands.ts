/** What a person or a script can do to a window. What a program asks for goes past this: it is no person's turning to it. */
import type { WindowId } from "#shared/model/window.ts";
import { noteActivity } from "../../input/activity.ts";
import type { HostChord } from "../../input/host-keys.ts";
import type { Links } from "./links.ts";
import type { Placement } from "../model/state.ts";
import { dispatch, wmStore } from "../model/store.ts";
import { focusOf } from "../model/transients.ts";

/** The person is in this VM now: that of the window that has focus. */
function noteTurn(): void {
  const { focused, windows } = wmStore.getState();
  const window = focused === null ? undefined : windows[focused];
  if (window !== undefined) noteActivity(window.vm);
}

export class Orders {
  readonly #links: Links;
  /** What windows in full screen were before. */
  readonly #before = new Map<WindowId, Placement>();

  constructor(links: Links) {
    this.#links = links;
  }

  focus(id: WindowId): void {
    dispatch({ type: "focus", id });
    noteTurn();
  }

  close(id: WindowId): void {
    this.#links.close(id);
  }

  minimize(id: WindowId): void {
    dispatch({ type: "minimize", id });
    noteTurn();
  }

  maximize(id: WindowId): void {
    dispatch({ type: "place", id, placement: "maximized" });
    this.focus(id);
  }

  /** Shows what is minimised; else gives a maximised or tiled window its own place back. */
  restore(id: WindowId): void {
    const wasMinimized = wmStore.getState().windows[id]?.isMinimized === true;
    dispatch({ type: "restore", id });
    if (wasMinimized) this.focus(id);
  }

  toggleMaximize(id: WindowId): void {
    const placement = wmStore.getState().windows[id]?.placement;
    if (placement === "screen") this.leaveFullscreen(id);
    else if (placement === "maximized" || placement === "fullscreen")
      dispatch({ type: "place", id, placement: "free" });
    else this.maximize(id);
  }

  place(id: WindowId, placement: Placement): void {
    dispatch({ type: "place", id, placement });
  }

  /** Full screen by the person's own act; the program is told, and fills it. */
  toggleFullscreen(id: WindowId): void {
    if (wmStore.getState().windows[id]?.placement === "screen") return this.leaveFullscreen(id);
    this.#before.set(id, wmStore.getState().windows[id]?.placement ?? "free");
    this.focus(id);
    dispatch({ type: "place", id, placement: "screen" });
  }

  /** Back to what it was before. */
  leaveFullscreen(id: WindowId): void {
    const before = this.#before.get(id) ?? "free";
    this.#before.delete(id);
    dispatch({ type: "place", id, placement: before === "fullscreen" || before === "screen" ? "free" : before });
  }

  /** A click on its entry in the dock: show it, raise it, or put it away when it is in front. */
  toggle(id: WindowId): void {
    const state = wmStore.getState();
    if (state.focused === focusOf(state, id)) this.minimize(id);
    else this.focus(id);
  }

  /** A chord of the host, on the focused window. */
  chord({ code, modifier }: HostChord): void {
    const { focused, windows } = wmStore.getState();
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
        return placement === "screen" ? this.leaveFullscreen(id) : undefined;
      case "ArrowUp":
        return this.place(id, "maximized");
      case "ArrowDown":
        if (placement === "screen") return this.leaveFullscreen(id);
        return placement === "free" ? this.minimize(id) : this.place(id, "free");
      case "ArrowLeft":
        return this.place(id, placement === "left" ? "free" : "left");
      case "ArrowRight":
        return this.place(id, placement === "right" ? "free" : "right");
    }
  }
}
