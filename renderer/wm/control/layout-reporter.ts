/** Reports to main where the windows are just now, at most once a frame. Which ones are mapped, main learns from this too. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { DesktopLayout } from "#shared/ipc/layout.ts";
import type { Links } from "./links.ts";
import { contentOf, modeOf } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

export class LayoutReporter {
  readonly #bridge: AtollBridge;
  readonly #wm: WmStore;
  readonly #links: Links;
  #isDue = false;

  constructor(bridge: AtollBridge, wm: WmStore, links: Links) {
    this.#bridge = bridge;
    this.#wm = wm;
    this.#links = links;
    wm.subscribe(() => this.changed());
  }

  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    // Not an animation frame: those stop while the desktop is hidden, and the `atoll` command must see changes even then.
    setTimeout(() => this.flush(), 16);
  }

  /** Reports a change at once: before a command is answered, for the caller will ask main where the window is. */
  flush(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#bridge.report("layout.report", this.#layout());
  }

  #layout(): DesktopLayout {
    const { windows, stack, focused, workArea } = this.#wm.getState();
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
