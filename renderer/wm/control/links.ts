/** The link sessions of all VMs, and which of them a window belongs to. */
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import type { Scene, SceneSurface } from "../../compositor/scene.ts";
import type { WmStore } from "../model/store.ts";
import { type LinkPorts, LinkSession, type LinkSessionHost } from "./link-session.ts";

export class Links {
  readonly #wm: WmStore;
  readonly #compositor: Compositor;
  readonly #current = new Map<VmId, LinkSession>();
  /** Sessions that have ended and whose frozen windows are still shown. */
  readonly #former = new Map<VmId, LinkSession>();

  constructor(wm: WmStore, compositor: Compositor) {
    this.#wm = wm;
    this.#compositor = compositor;
  }

  /** A VM's link has handed out its ports: a new session, in place of the VM's former one. */
  add(vm: VmId, ports: LinkPorts, host: LinkSessionHost): void {
    const before = this.#current.get(vm);
    // Without an `attached` it has no windows: those on the screen belong to the session before it.
    if (before?.hasAttached === true) this.#former.set(vm, before);
    else before?.abandon();
    const attached = (session: LinkSession): void => {
      this.#former.get(vm)?.replace();
      this.#former.delete(vm);
      host.attached(session);
    };
    this.#current.set(vm, new LinkSession(vm, ports, this.#wm, this.#compositor, { ...host, attached }));
  }

  /**
   * A VM that was stopped leaves no windows, nor does one that is gone, whose label nobody knows any more; of one that crashed the
   * last frames stay.
   */
  follow(vms: readonly VmStatus[]): void {
    const kept = new Set(vms.filter(({ state }) => state !== "stopped").map(({ id }) => id));
    for (const sessions of [this.#current, this.#former]) {
      for (const [id, session] of sessions) {
        if (kept.has(id)) continue;
        session.replace();
        sessions.delete(id);
      }
    }
  }

  sessions(): IterableIterator<LinkSession> {
    return this.#current.values();
  }

  /** The session and surface that a window shows, of the VM's present session or its former one. */
  find(window: WindowId): { session: LinkSession; surface: SceneSurface } | undefined {
    const known = this.#wm.getState().windows[window];
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

  /** Dismisses the menus of all windows but one, and whatever else they have open that is no mere hint. */
  dismissPopups(except: WindowId | null): void {
    for (const session of this.#current.values()) {
      for (const window of session.popups.owners())
        if (session.windowIdOf(window) !== except) session.popups.dismissOf(window);
    }
  }

  /** Asks a window's program to close it; a frozen one is taken away at once, and then true is returned. */
  close(window: WindowId): boolean {
    const found = this.find(window);
    if (found === undefined) return false;
    const { session, surface } = found;
    if (!session.isEnded) {
      session.send({ type: "close", surface: surface.id });
      return false;
    }
    session.forget(surface.id);
    this.#wm.dispatch({ type: "closed", id: window });
    return true;
  }
}
