/** The size of the page: the work area of the window manager, and the output (a monitor, in Wayland's words) that guests have. */
import type { Compositor } from "../compositor/compositor.ts";
import type { LinkSession } from "../wm/control/link-session.ts";
import type { Links } from "../wm/control/links.ts";
import { TOP_BAR_HEIGHT } from "../wm/model/geometry.ts";
import type { WmStore } from "../wm/model/store.ts";

export class Screen {
  readonly #wm: WmStore;
  readonly #links: Links;
  readonly #compositor: Pick<Compositor, "setScreen">;

  constructor(wm: WmStore, links: Links, compositor: Pick<Compositor, "setScreen">) {
    this.#wm = wm;
    this.#links = links;
    this.#compositor = compositor;
  }

  /** Measures the page now and whenever it changes. */
  follow(): void {
    this.#measure();
    window.addEventListener("resize", () => this.#measure());
    this.#followScale();
  }

  /** Sends a VM its output. */
  sendOutput(session: LinkSession): void {
    const scale = window.devicePixelRatio;
    session.send({
      type: "output",
      width: Math.max(1, Math.round(window.innerWidth * scale)),
      height: Math.max(1, Math.round(window.innerHeight * scale)),
      scale120: Math.max(60, Math.min(480, Math.round(scale * 120))),
      refreshMhz: 60_000,
    });
  }

  #measure(): void {
    const { innerWidth, innerHeight } = window;
    this.#wm.dispatch({
      type: "workAreaChanged",
      workArea: {
        x: 0,
        y: TOP_BAR_HEIGHT,
        width: Math.max(1, innerWidth),
        height: Math.max(1, innerHeight - TOP_BAR_HEIGHT),
      },
    });
    this.#compositor.setScreen(innerWidth * innerHeight * window.devicePixelRatio ** 2);
    for (const session of this.#links.sessions()) this.sendOutput(session);
  }

  /** Another monitor, or another scale of this one. There is no event for it but that a query for the present scale fails. */
  #followScale(): void {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = (): void => {
      this.#measure();
      this.#followScale();
    };
    query.addEventListener("change", changed, { once: true });
  }
}
