/** Windows, popups, subsurfaces and the cursor of a VM: what the guest says of them, for the page and for main. */
import { MAX_OPENS_BURST, MAX_OPENS_PER_S } from "#shared/protocol/limits.ts";
import { CONTROL, withPayload } from "#shared/protocol/routes.ts";
import { acceptSurfaceMessage, type SurfaceMessage } from "#shared/protocol/surface-messages.ts";
import { SurfaceTable } from "#shared/protocol/surfaces.ts";
import { refuse } from "#shared/protocol/violation.ts";
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { SURFACES, type WindowEvent } from "../contracts/surfaces.ts";
import type { PagePorts } from "../page-ports.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService, type PageHandlers } from "../service.ts";
import { SurfaceEventCoalescer } from "../surface-event-coalescer.ts";
import { SurfaceMirror } from "../surface-mirror.ts";
import { launches } from "./launches.ts";

/** Main shows titles in lists: it need not know every one of them at once. */
const MAIN_WINDOW_MS = 100;

type Accepts = SurfaceMessage["case"];
type Sends = "configure" | "closeRequested" | "popupDismissed";

export class Surfaces implements LinkService<Accepts> {
  readonly table = new SurfaceTable();
  readonly #context: LinkContext<Sends, WindowEvent>;
  readonly #mirror = new SurfaceMirror();
  readonly #opens = new RateLimit(MAX_OPENS_PER_S, MAX_OPENS_BURST);
  readonly #openedListeners: ((surface: SurfaceId) => void)[] = [];
  readonly #retiredListeners: ((surfaces: readonly SurfaceId[]) => void)[] = [];
  /** Windows that main knows. */
  readonly #toldWindows = new Set<SurfaceId>();
  /** Windows that have drawn before main was told of them. */
  readonly #drawnUntold = new Set<SurfaceId>();
  /** Main is not waited for: it takes a few events from each VM in a window of time. */
  readonly #toMain = new SurfaceEventCoalescer<Exclude<WindowEvent, { type: "firstFrame" }>>(MAIN_WINDOW_MS, {
    send: (event) => this.#tell(event),
    fence: () => this.#toMain.fenceReached(),
  });

  constructor(context: LinkContext<Sends, WindowEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    windowOpened: (value) => this.#opened({ case: "windowOpened", value }),
    popupOpened: (value) => this.#opened({ case: "popupOpened", value }),
    subsurfaceOpened: (value) => this.#opened({ case: "subsurfaceOpened", value }),
    windowChanged: (value) => this.#accept({ case: "windowChanged", value }),
    popupMoved: (value) => this.#accept({ case: "popupMoved", value }),
    childrenPlaced: (value) => this.#accept({ case: "childrenPlaced", value }),
    windowRequested: (value) => this.#accept({ case: "windowRequested", value }),
    surfaceClosed: (value) => this.#accept({ case: "surfaceClosed", value }),
    pointerLockWanted: (value) => this.#accept({ case: "pointerLockWanted", value }),
    cursorChanged: (value, payload) => this.#accept({ case: "cursorChanged", value }, payload),
  };

  readonly commands: PageHandlers = {
    configure: (command) => {
      const { type: _, ...configure } = command;
      if (this.table.find(configure.surface)?.role === "window") this.#context.send("configure", configure);
    },
    close: ({ surface }) => {
      if (this.isLive(surface)) this.#context.send("closeRequested", { surface });
    },
    dismissPopup: ({ surface }) => {
      if (this.isLive(surface)) this.#context.send("popupDismissed", { surface });
    },
  };

  isLive(surface: number): boolean {
    return this.table.find(surface) !== undefined;
  }

  /** A surface has its first whole frame. Main knows windows alone: it is told of no other, which it would remember for ever. */
  drawn(surface: SurfaceId): void {
    if (this.#toldWindows.has(surface)) this.#context.emit({ type: "firstFrame", surface });
    else if (this.#mirror.isWindow(surface)) this.#drawnUntold.add(surface);
  }

  /** Calls `listener` with each surface that has opened, once the page knows it. */
  onOpened(listener: (surface: SurfaceId) => void): void {
    this.#openedListeners.push(listener);
  }

  /** Calls `listener` with the surfaces that have ended, children before parents. */
  onRetired(listener: (surfaces: readonly SurfaceId[]) => void): void {
    this.#retiredListeners.push(listener);
  }

  /** Sends what is open to a page that comes later. */
  pageAttached(page: PagePorts): void {
    for (const event of this.#mirror.events()) page.surface(this.#withLaunchAge(event), []);
  }

  closed(): void {
    this.#toMain.end();
  }

  #tell(event: Exclude<WindowEvent, { type: "firstFrame" }>): void {
    this.#context.emit(event);
    if (event.type !== "windowOpened") return;
    const { surface } = event.window;
    this.#toldWindows.add(surface);
    if (this.#drawnUntold.delete(surface)) this.drawn(surface);
  }

  #opened(message: Extract<SurfaceMessage, { case: "windowOpened" | "popupOpened" | "subsurfaceOpened" }>): void {
    this.#accept(message);
    // Its id is a live one's: it was accepted.
    for (const listener of this.#openedListeners) listener(message.value.surface as SurfaceId);
    if (!this.#opens.take()) refuse("flood", `more than ${MAX_OPENS_PER_S} surfaces opened a second`);
  }

  #accept(message: SurfaceMessage, payload: Uint8Array = new Uint8Array(0)): void {
    const { event, retired } = acceptSurfaceMessage(message, payload, this.table);
    this.#happened(event.type === "windowOpened" ? this.#withKnownLaunch(event) : event, retired);
  }

  /** A window that answers a launch may take focus: a launch of an earlier epoch, or of none, does not count. */
  #withKnownLaunch(event: Extract<SurfaceEvent, { type: "windowOpened" }>): SurfaceEvent {
    const { launch } = event.window;
    if (launch === null || this.#context.use(launches).ageMs(launch) !== null) return event;
    return { ...event, window: { ...event.window, launch: null } };
  }

  /** The right of a launch's window to focus ends with time. */
  #withLaunchAge(event: SurfaceEvent): SurfaceEvent {
    if (event.type !== "windowOpened" || event.window.launch === null) return event;
    const launchAgeMs = this.#context.use(launches).ageMs(event.window.launch);
    return launchAgeMs === null ? event : { ...event, launchAgeMs };
  }

  #happened(event: SurfaceEvent, retired: readonly SurfaceId[]): void {
    // Main knows windows alone, and a VM may close very many menus.
    const isOfMain =
      event.type === "windowOpened" ||
      event.type === "windowChanged" ||
      (event.type === "surfaceClosed" && this.#mirror.isWindow(event.surface));
    this.#mirror.retire(retired);
    for (const surface of retired) {
      this.#toldWindows.delete(surface);
      this.#drawnUntold.delete(surface);
    }
    this.#mirror.take(event);
    this.#context.page?.surface(this.#withLaunchAge(event), retired);
    if (isOfMain) this.#toMain.take(event, retired);
    if (retired.length > 0) for (const listener of this.#retiredListeners) listener(retired);
  }
}

export const surfaces = linkService(
  SURFACES,
  {
    accepts: {
      windowOpened: CONTROL,
      popupOpened: CONTROL,
      subsurfaceOpened: CONTROL,
      windowChanged: CONTROL,
      popupMoved: CONTROL,
      childrenPlaced: CONTROL,
      windowRequested: CONTROL,
      surfaceClosed: CONTROL,
      cursorChanged: withPayload(CONTROL),
      pointerLockWanted: CONTROL,
    },
    sends: { configure: CONTROL, closeRequested: CONTROL, popupDismissed: CONTROL },
  },
  (context) => new Surfaces(context),
);
