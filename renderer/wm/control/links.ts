/** All links of this page, and which window is whose. */
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { GuestWindow, WindowId, WindowRequest } from "#shared/model/window.ts";
import { Compositor } from "../../compositor/compositor.ts";
import type { Scene, SceneSurface } from "../../compositor/scene.ts";
import type { Remembered } from "../model/state.ts";
import { dispatch, wmStore } from "../model/store.ts";
import { LinkSession } from "./link-session.ts";

export interface LinksListener {
  requested(window: WindowId, request: WindowRequest): void;
  recall(window: WindowId, vm: VmId, guest: GuestWindow): Remembered | null;
  mayTakeFocus(window: WindowId, isStarted: boolean, hadFocus: boolean | null): boolean;
  attached(session: LinkSession): void;
  /** A person took away the last picture of a window that was frozen. */
  dismissed(window: WindowId): void;
  popupsChanged(): void;
}

export class Links {
  readonly compositor = new Compositor();
  readonly #listener: LinksListener;
  readonly #current = new Map<VmId, LinkSession>();
  /** Lives that have ended and whose frozen windows are still there. */
  readonly #former = new Map<VmId, LinkSession>();

  constructor(listener: LinksListener) {
    this.#listener = listener;
  }

  add(vm: VmId, events: MessagePort, pixels: MessagePort): void {
    const before = this.#current.get(vm);
    // One that never came to speak has no windows: what stays on the screen is the life's before it.
    if (before?.hasAttached === true) this.#former.set(vm, before);
    else before?.abandon();
    const session = new LinkSession(vm, events, pixels, this.compositor, {
      requested: (_session, window, request) => this.#listener.requested(window, request),
      recall: (window, guest) => this.#listener.recall(window, vm, guest),
      mayTakeFocus: (window, isStarted, hadFocus) => this.#listener.mayTakeFocus(window, isStarted, hadFocus),
      attached: (attached) => {
        this.#former.get(vm)?.replace();
        this.#former.delete(vm);
        this.#listener.attached(attached);
      },
    });
    session.popups.onChange = () => this.#listener.popupsChanged();
    this.#current.set(vm, session);
  }

  /** Of a VM that has stopped in good order nothing stays; one that crashed leaves its last pictures. */
  follow(vms: readonly VmStatus[]): void {
    for (const { id } of vms.filter(({ state }) => state === "stopped")) {
      for (const lives of [this.#current, this.#former]) {
        lives.get(id)?.replace();
        lives.delete(id);
      }
    }
  }

  sessions(): IterableIterator<LinkSession> {
    return this.#current.values();
  }

  /** The session and surface that a window shows, of whichever life. */
  find(window: WindowId): { session: LinkSession; surface: SceneSurface } | undefined {
    const known = wmStore.getState().windows[window];
    if (known === undefined) return undefined;
    for (const session of [this.#current.get(known.vm), this.#former.get(known.vm)]) {
      const surface = session?.scene.find(known.guest.surface);
      if (session !== undefined && surface?.role === "window") return { session, surface };
    }
    return undefined;
  }

  sessionOf(scene: Scene): LinkSession | undefined {
    return [...this.#current.values(), ...this.#former.values()].find((session) => session.scene === scene);
  }

  /** Ends the menus of all windows but one: their window does not have focus any more. */
  dismissMenus(except: WindowId | null): void {
    for (const session of this.#current.values()) {
      const first = session.popups.firstGrab();
      if (first === null || session.windowIdOf(session.scene.windowOf(first).id) === except) continue;
      session.dismissMenu();
    }
  }

  /** Takes away a window that is frozen; asks the program of one that lives. */
  close(window: WindowId): void {
    const found = this.find(window);
    if (found === undefined) return;
    const { session, surface } = found;
    if (!session.isEnded) return session.send({ type: "close", surface: surface.id });
    session.forget(surface.id);
    dispatch({ type: "closed", id: window });
    this.#listener.dismissed(window);
  }
}
