/**
 * The page's end of one session of a VM's link, and so the window manager's way in for what guests do: turns LinkEvents into
 * surfaces of the scene and actions of the window manager, and sends configures and input the other way. Ends with `closed`;
 * when the VM or its agent starts again, or the link process does, there is a new one.
 */
import type { LinkEvent, PageMessage } from "#shared/ipc/link-port.ts";
import type { FrameInfo } from "#shared/model/frame.ts";
import type { VmId } from "#shared/model/vm.ts";
import {
  type GuestPopup,
  type GuestWindow,
  type Size,
  type SurfaceId,
  type WindowId,
  windowIdOf,
} from "#shared/model/window.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import { geometryOf, Scene } from "../../compositor/scene.ts";
import { type Cursor, cursorOf } from "../../input/cursor.ts";
import { LAUNCH_MS } from "../model/activation.ts";
import { firstConfigureRequest } from "../model/configure-request.ts";
import type { DesktopWindow, Remembered } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";
import { Configurer } from "./configurer.ts";
import { PopupLayer } from "./popup-layer.ts";
import type { WindowPolicy } from "./window-policy.ts";

/** The page's ports of a VM's link: window events and input, pixels and credits. */
export interface LinkPorts {
  readonly events: MessagePort;
  readonly pixels: MessagePort;
}

/** The window manager, as a session sees it. */
export interface LinkSessionHost {
  readonly policy: WindowPolicy;
  /** The agent has connected: windows that a former session has left frozen can go. */
  attached(session: LinkSession): void;
  /** The program of a surface wants the pointer to itself; null: none does. */
  pointerLockWanted(session: LinkSession, surface: SurfaceId | null, window: WindowId | null): void;
  /** Popups have appeared, moved or gone. */
  popupsChanged(): void;
  /** The VM has another cursor. */
  cursorChanged(): void;
}

export class LinkSession {
  readonly vm: VmId;
  readonly scene: Scene;
  readonly popups: PopupLayer;
  readonly #port: MessagePort;
  readonly #wm: WmStore;
  readonly #compositor: Compositor;
  readonly #host: LinkSessionHost;
  readonly #configurers = new Map<SurfaceId, Configurer>();
  /** Of windows that have no frame yet. */
  readonly #remembered = new Map<SurfaceId, Remembered>();
  /** When the program of a window that has no picture yet was launched, performance.now(). */
  readonly #launchedAt = new Map<SurfaceId, number>();
  /** Launches whose first window has appeared, and when they were; only as long as another one could count as the first. */
  readonly #launches = new Map<number, number>();
  #hasAttached = false;
  #isEnded = false;

  constructor(vm: VmId, { events, pixels }: LinkPorts, wm: WmStore, compositor: Compositor, host: LinkSessionHost) {
    this.vm = vm;
    this.#port = events;
    this.#wm = wm;
    this.#compositor = compositor;
    this.#host = host;
    const session = compositor.link(pixels, {
      frameChanged: (surface, frame) => this.#frameChanged(surface, frame),
      canvasWanted: (surface) => this.scene.replaceCanvas(surface),
      refreshWanted: (surface) => this.send({ type: "refresh", surface }),
    });
    this.scene = new Scene(session, compositor);
    this.popups = new PopupLayer(vm, this.scene, wm, {
      changed: () => host.popupsChanged(),
      dismissed: (surface, isDismissible) => {
        this.scene.setVisible(surface, false);
        if (isDismissible) this.send({ type: "dismissPopup", surface: surface.id });
      },
    });
    events.onmessage = ({ data }: MessageEvent<LinkEvent>) => this.#happened(data);
    // The link process died without sending `closed`.
    events.addEventListener("close", () => this.#closed("agent-lost", "the programs of this VM cannot be reached"));
  }

  /** The agent has connected: this session may have windows. */
  get hasAttached(): boolean {
    return this.#hasAttached;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(message: PageMessage): void {
    if (this.#isEnded) return;
    this.#port.postMessage(message);
    // Only after the key has been sent: nothing may delay that.
    if (message.type === "key" && message.state === "pressed") this.#compositor.keyPressed(this.scene.session);
  }

  configurerOf(surface: SurfaceId): Configurer | undefined {
    return this.#configurers.get(surface);
  }

  windowIdOf(surface: SurfaceId): WindowId {
    return windowIdOf(this.vm, surface);
  }

  /** Dismisses the menu that is open: it leaves the screen at once, even if its program does not react. */
  dismissMenu(): void {
    const first = this.popups.firstGrab();
    if (first !== null) this.popups.dismiss(first.id);
  }

  /** A person has dismissed a frozen window. */
  forget(surface: SurfaceId): void {
    this.scene.close(surface);
  }

  /** A new session has begun before this one had any windows: those of the session before it stay as they are. */
  abandon(): void {
    if (!this.#isEnded) this.#end();
  }

  /** A new session of the same VM has begun, or the VM has stopped: nothing of this one stays. */
  replace(): void {
    this.#closed("stopped", "");
    this.#wm.dispatch({ type: "vmGone", vm: this.vm });
    for (const surface of [...this.scene.surfaces()]) this.scene.close(surface.id);
  }

  #happened(event: LinkEvent): void {
    if (this.#isEnded) return;
    switch (event.type) {
      case "attached":
        this.#hasAttached = true;
        return this.#host.attached(this);
      case "windowOpened": {
        const { surface } = event.window;
        this.scene.open(surface, "window", null);
        this.#wm.dispatch({ type: "opened", id: this.windowIdOf(surface), vm: this.vm, guest: event.window });
        if (event.launchAgeMs !== undefined) this.#launchedAt.set(surface, performance.now() - event.launchAgeMs);
        return this.#introduce(event.window);
      }
      case "windowChanged":
        return this.#wm.dispatch({ type: "guestChanged", id: this.windowIdOf(event.surface), change: event.change });
      case "popupOpened":
        return this.#popupOpened(event.popup);
      case "popupMoved":
        return this.popups.move(event.surface, event.rect);
      case "subsurfaceOpened":
        this.scene.open(event.surface, "subsurface", event.parent);
        return;
      case "childrenPlaced":
        return this.scene.place(event.parent, event.children);
      case "windowRequested":
        return this.#host.policy.requested(this.windowIdOf(event.surface), event.request);
      case "surfaceClosed":
        return this.#surfaceClosed(event.surface);
      case "cursorChanged":
        this.#setCursor(cursorOf(event.cursor));
        return;
      case "pointerLockWanted":
        return this.#pointerLockWanted(event.surface);
      case "fence":
        return this.send({ type: "fenceReached" });
      case "closed":
        return this.#closed(event.reason, event.detail);
    }
  }

  /** Sends the first configure, before which a program does not draw; within the work area it chooses its own size. */
  #introduce(window: GuestWindow): void {
    const { surface } = window;
    const configurer = new Configurer((request, serial) =>
      this.send({ type: "configure", surface, serial, ...request }),
    );
    this.#configurers.set(surface, configurer);
    const remembered = this.#host.policy.recall(this.windowIdOf(surface), this.vm, window);
    if (remembered !== null) this.#remembered.set(surface, remembered);
    configurer.request(firstConfigureRequest(window, this.#wm.getState().workArea, remembered));
  }

  #setCursor({ css, reach }: Cursor): void {
    this.scene.setCursor(css, reach);
    this.#host.cursorChanged();
  }

  #pointerLockWanted(id: SurfaceId | null): void {
    const surface = id === null ? undefined : this.scene.find(id);
    const window = surface === undefined ? null : this.windowIdOf(this.scene.windowOf(surface).id);
    this.#host.pointerLockWanted(this, surface === undefined ? null : id, window);
  }

  #popupOpened(popup: GuestPopup): void {
    const surface = this.scene.open(popup.surface, "popup", popup.parent);
    if (surface !== null) this.popups.open(surface, popup);
  }

  #surfaceClosed(id: SurfaceId): void {
    for (const surface of this.scene.close(id)) {
      if (surface.role === "popup") this.popups.close(surface.id);
      if (surface.role !== "window") continue;
      this.#configurers.get(surface.id)?.stop();
      this.#configurers.delete(surface.id);
      this.#remembered.delete(surface.id);
      this.#launchedAt.delete(surface.id);
      this.#wm.dispatch({ type: "closed", id: this.windowIdOf(surface.id) });
    }
  }

  #frameChanged(id: SurfaceId, frame: FrameInfo): void {
    const surface = this.scene.show(id, frame);
    if (surface?.role === "popup") return this.popups.show(surface);
    if (surface?.role !== "window") return;
    const { width, height } = geometryOf(frame);
    const isAnswer = this.#configurers.get(id)?.answered(frame.configureSerial, { width, height }) ?? true;
    const window = this.windowIdOf(id);
    const known = this.#wm.getState().windows[window];
    if (known?.isMapped === true)
      return this.#wm.dispatch({ type: "sized", id: window, size: { width, height }, isAnswer });
    if (known !== undefined) this.#mapped(known, { width, height });
  }

  #mapped({ id, guest }: DesktopWindow, size: Size): void {
    const remembered = this.#remembered.get(guest.surface) ?? null;
    this.#remembered.delete(guest.surface);
    const hadFocus = remembered?.back?.wasFocused ?? null;
    const cause = this.#host.policy.focusClaim(id, this.#firstOfLaunch(guest), hadFocus);
    const focus = cause === null ? { takesFocus: false } : { takesFocus: true, cause };
    this.#wm.dispatch({ type: "mapped", id, size, ...focus, remembered });
  }

  /** When the program whose first window it is was launched; null: it is no such window. */
  #firstOfLaunch({ surface, launch }: GuestWindow): number | null {
    const launchedAtMs = this.#launchedAt.get(surface);
    this.#launchedAt.delete(surface);
    if (launch === null || launchedAtMs === undefined) return null;
    const nowMs = performance.now();
    for (const [other, atMs] of this.#launches) if (nowMs - atMs > LAUNCH_MS) this.#launches.delete(other);
    if (this.#launches.has(launch)) return null;
    this.#launches.set(launch, launchedAtMs);
    return launchedAtMs;
  }

  #end(): void {
    this.#host.pointerLockWanted(this, null, null);
    this.#isEnded = true;
    this.popups.end();
    this.#port.close();
    this.#compositor.end(this.scene.session);
    for (const configurer of this.#configurers.values()) configurer.stop();
  }

  #closed(reason: "protocol-violation" | "agent-lost" | "stopped", detail: string): void {
    if (this.#isEnded) return;
    this.#end();
    this.#setCursor({ css: "", reach: null });
    // A menu's last frame would be of no use, and cover other windows.
    for (const { id, role } of [...this.scene.surfaces()]) if (role === "popup") this.#surfaceClosed(id);
    if (reason !== "stopped") return this.#wm.dispatch({ type: "freeze", vm: this.vm, frozen: { reason, detail } });
    this.#wm.dispatch({ type: "vmGone", vm: this.vm });
    for (const surface of [...this.scene.surfaces()]) this.scene.close(surface.id);
  }
}
