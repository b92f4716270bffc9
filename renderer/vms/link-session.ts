/**
 * The page's end of one life of a VM's link: turns LinkEvents into surfaces of the scene and actions of the window manager,
 * and carries orders and input the other way. Ends with `closed`; a VM that starts again gets a new one.
 */
import type { LinkEvent, PageMessage } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import {
  type GuestPopup,
  type GuestWindow,
  type Size,
  type SurfaceId,
  type WindowId,
  type WindowRequest,
  windowIdOf,
} from "#shared/model/window.ts";
import type { Compositor } from "../compositor/compositor.ts";
import { geometryOf, Scene } from "../compositor/scene.ts";
import type { FrameInfo } from "#shared/model/frame.ts";
import { cssCursor } from "../input/cursor.ts";
import { Configurer } from "../wm/configurer.ts";
import type { DesktopWindow, Remembered } from "../wm/state.ts";
import { dispatch, wmStore } from "../wm/store.ts";
import { firstWish } from "../wm/wishes.ts";
import { PopupLayer } from "./popup-layer.ts";

export interface LinkSessionListener {
  /** A program asks; the window manager may. */
  requested(session: LinkSession, window: WindowId, request: WindowRequest): void;
  /** What is known of a window that opens. */
  recall(window: WindowId, guest: GuestWindow): Remembered | null;
  /**
   * Its first picture came: may it take focus? `isStarted`: it is the first window of a program that the host started;
   * `hadFocus`: it is back, and had focus or not; null: it is a new one.
   */
  mayTakeFocus(window: WindowId, isStarted: boolean, hadFocus: boolean | null): boolean;
  /** The agent speaks: what a former life has left can go. */
  attached(session: LinkSession): void;
}

export class LinkSession {
  readonly vm: VmId;
  readonly scene: Scene;
  readonly popups: PopupLayer;
  readonly #port: MessagePort;
  readonly #compositor: Compositor;
  readonly #listener: LinkSessionListener;
  readonly #configurers = new Map<SurfaceId, Configurer>();
  /** Of windows that have no picture yet. */
  readonly #remembered = new Map<SurfaceId, Remembered>();
  /** Launches that have had their window. */
  readonly #launches = new Set<number>();
  #hasAttached = false;
  #isEnded = false;

  constructor(
    vm: VmId,
    events: MessagePort,
    pixels: MessagePort,
    compositor: Compositor,
    listener: LinkSessionListener,
  ) {
    this.vm = vm;
    this.#port = events;
    this.#compositor = compositor;
    this.#listener = listener;
    const session = compositor.link(pixels, {
      frameChanged: (surface, frame) => this.#frameChanged(surface, frame),
      canvasWanted: (surface) => this.scene.replaceCanvas(surface),
    });
    this.scene = new Scene(session, compositor);
    this.popups = new PopupLayer(vm, this.scene);
    events.onmessage = ({ data }: MessageEvent<LinkEvent>) => this.#happened(data);
    // The link process died without a word.
    events.addEventListener("close", () => this.#closed("agent-lost", "the programs of this VM cannot be reached"));
  }

  /** The agent has spoken: this life may have windows. */
  get hasAttached(): boolean {
    return this.#hasAttached;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(message: PageMessage): void {
    if (this.#isEnded) return;
    this.#port.postMessage(message);
    // After it, for nothing comes before the key.
    if (message.type === "key" && message.state === "pressed") this.#compositor.keyPressed(this.scene.session);
  }

  configurerOf(surface: SurfaceId): Configurer | undefined {
    return this.#configurers.get(surface);
  }

  windowIdOf(surface: SurfaceId): WindowId {
    return windowIdOf(this.vm, surface);
  }

  /** Ends the menu that is open: it is off the screen at once, also if its program does not answer any more. */
  dismissMenu(): void {
    const first = this.popups.firstGrab();
    if (first === null) return;
    this.popups.dismiss(first.id);
    this.scene.setVisible(first, false);
    this.send({ type: "dismissPopup", surface: first.id });
  }

  /** A person dismissed a window that is frozen. */
  forget(surface: SurfaceId): void {
    this.scene.close(surface);
  }

  /** Another life has begun before this one had any windows: those of the life before it stay as they are. */
  abandon(): void {
    if (!this.#isEnded) this.#end();
  }

  /** Another life of the same VM has begun, or the VM has stopped. */
  replace(): void {
    this.#closed("stopped", "");
    dispatch({ type: "vmGone", vm: this.vm });
    for (const surface of [...this.scene.surfaces()]) this.scene.close(surface.id);
  }

  #happened(event: LinkEvent): void {
    if (this.#isEnded) return;
    switch (event.type) {
      case "attached":
        this.#hasAttached = true;
        return this.#listener.attached(this);
      case "windowOpened": {
        const { surface } = event.window;
        this.scene.open(surface, "window", null);
        dispatch({ type: "opened", id: this.windowIdOf(surface), vm: this.vm, guest: event.window });
        return this.#introduce(event.window);
      }
      case "windowChanged":
        return dispatch({ type: "guestChanged", id: this.windowIdOf(event.surface), change: event.change });
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
        return this.#listener.requested(this, this.windowIdOf(event.surface), event.request);
      case "surfaceClosed":
        return this.#surfaceClosed(event.surface);
      case "cursorChanged":
        return this.scene.setCursor(cssCursor(event.cursor));
      case "fence":
        return this.send({ type: "fenceReached" });
      case "closed":
        return this.#closed(event.reason, event.detail);
    }
  }

  /** The first configure: the program chooses its size, within the work area; it does not draw before it has this. */
  #introduce(window: GuestWindow): void {
    const { surface } = window;
    const configurer = new Configurer((wish, serial) => this.send({ type: "configure", surface, serial, ...wish }));
    this.#configurers.set(surface, configurer);
    const remembered = this.#listener.recall(this.windowIdOf(surface), window);
    if (remembered !== null) this.#remembered.set(surface, remembered);
    configurer.ask(firstWish(window, wmStore.getState().workArea, remembered));
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
      dispatch({ type: "closed", id: this.windowIdOf(surface.id) });
    }
  }

  #frameChanged(id: SurfaceId, frame: FrameInfo): void {
    const surface = this.scene.show(id, frame);
    if (surface?.role === "popup") return this.popups.show(surface);
    if (surface?.role !== "window") return;
    const { width, height } = geometryOf(frame);
    const isAnswer = this.#configurers.get(id)?.answered(frame.configureSerial, { width, height }) ?? true;
    const window = this.windowIdOf(id);
    const known = wmStore.getState().windows[window];
    if (known?.isMapped === true) return dispatch({ type: "sized", id: window, size: { width, height }, isAnswer });
    if (known !== undefined) this.#mapped(known, { width, height });
  }

  #mapped({ id, guest }: DesktopWindow, size: Size): void {
    const isStarted = guest.launch !== null && !this.#launches.has(guest.launch);
    if (guest.launch !== null) this.#launches.add(guest.launch);
    const remembered = this.#remembered.get(guest.surface) ?? null;
    this.#remembered.delete(guest.surface);
    const takesFocus = this.#listener.mayTakeFocus(id, isStarted, remembered?.back?.wasFocused ?? null);
    dispatch({ type: "mapped", id, size, takesFocus, remembered });
  }

  #end(): void {
    this.#isEnded = true;
    this.#port.close();
    this.#compositor.end(this.scene.session);
    for (const configurer of this.#configurers.values()) configurer.stop();
  }

  #closed(reason: "protocol-violation" | "agent-lost" | "stopped", detail: string): void {
    if (this.#isEnded) return;
    this.#end();
    this.scene.setCursor("");
    // A menu's last picture is of no use, and would lie over other windows.
    for (const { id, role } of [...this.scene.surfaces()]) if (role === "popup") this.#surfaceClosed(id);
    if (reason !== "stopped") return dispatch({ type: "freeze", vm: this.vm, frozen: { reason, detail } });
    dispatch({ type: "vmGone", vm: this.vm });
    for (const surface of [...this.scene.surfaces()]) this.scene.close(surface.id);
  }
}
