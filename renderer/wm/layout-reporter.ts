/** Tells main where the windows are, at most once a frame. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { DesktopLayout } from "#shared/ipc/layout.ts";
import type { Links } from "../vms/links.ts";
import { contentOf, modeOf } from "./state.ts";
import { wmStore } from "./store.ts";

export class LayoutReporter {
  readonly #bridge: AtollBridge;
  readonly #links: Links;
  #isDue = false;

  constructor(bridge: AtollBridge, links: Links) {
    this.#bridge = bridge;
    this.#links = links;
    wmStore.subscribe(() => this.changed());
  }

  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    // Not an animation frame: those stop while the desktop is hidden, and scripts want to know all the same.
    setTimeout(() => this.flush(), 16);
  }

  /** Tells what has changed at once: before an answer to a script, which asks main where the window is then. */
  flush(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#bridge.report("layout.report", this.#layout());
  }

  #layout(): DesktopLayout {
    const { windows, stack, focused, workArea } = wmStore.getState();
    return {
      windows: stack.flatMap((id) => {
        const window = windows[id];
        if (window === undefined || !window.isMapped) return [];
        const content = contentOf(window, workArea);
        const popups = this.#links.find(id)?.session.popups.shownOn(window.guest.surface) ?? [];
        return [
          {
            id,
            content,
            mode: modeOf(window),
            focused: focused === id,
            frozen: window.frozen !== null,
            popups: popups.slice(0, 64).map((popup) => ({ ...popup, x: content.x + popup.x, y: content.y + popup.y })),
          },
        ];
      }),
    };
  }
}
