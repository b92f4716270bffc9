/** The windows of one VM as main knows them: what they are from the link, which of them are shown from the page. */
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { Emitter } from "../base/emitter.ts";
import { waitFor } from "../base/waiting.ts";
import { SURFACES, type WindowEvent } from "../link/contracts/surfaces.ts";
import { type ServiceClient, serviceClient } from "../vms/service-clients.ts";

interface GuestWindowsEvents {
  /** A window opened, closed, got its first frame, or is shown. */
  changed: [];
  /** The link is gone: no window will open, and none changes. */
  lost: [];
}

export class GuestWindows extends Emitter<GuestWindowsEvents> implements ServiceClient<WindowEvent> {
  readonly #windows = new Map<SurfaceId, GuestWindow>();
  readonly #drawn = new Set<SurfaceId>();
  /** Those that the page shows; null = no page has said yet. */
  #shown: ReadonlySet<SurfaceId> | null = null;
  #isFrozen = false;

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get size(): number {
    return this.#windows.size;
  }

  values(): IterableIterator<GuestWindow> {
    return this.#windows.values();
  }

  get(surface: SurfaceId): GuestWindow | undefined {
    return this.#windows.get(surface);
  }

  /** The window is there: the page shows it, so that orders for it are understood. Without a page: it has its first frame. */
  isThere(surface: SurfaceId): boolean {
    return this.#windows.has(surface) && (this.#shown ?? this.#drawn).has(surface);
  }

  /** Resolves when the window is there, or why it is not: it was closed, its VM is lost, `timeoutMs` are over. Never rejects. */
  whenThere(surface: SurfaceId, timeoutMs: number): Promise<"there" | "closed" | "lost" | "late"> {
    return waitFor<"there" | "closed" | "lost" | "late">({
      listen: ({ resolve }) => {
        const look = (): void => {
          if (this.isThere(surface)) resolve("there");
          else if (!this.#windows.has(surface)) resolve("closed");
        };
        const stops = [this.on("changed", look), this.on("lost", () => resolve("lost"))];
        look();
        return () => {
          for (const stop of stops) stop();
        };
      },
      timeoutMs,
      onTimeout: ({ resolve }) => resolve("late"),
    });
  }

  happened(event: WindowEvent): void {
    if (event.type === "windowOpened") this.#windows.set(event.window.surface, event.window);
    else if (event.type === "surfaceClosed") this.#forget(event.surface);
    else if (event.type === "firstFrame") this.#drawn.add(event.surface);
    else {
      const window = this.#windows.get(event.surface);
      if (window !== undefined) this.#windows.set(event.surface, { ...window, ...event.change });
      return;
    }
    this.emit("changed");
  }

  closed(): void {
    this.emit("lost");
  }

  /**
   * The page shows these, and no others. The page and this process hear from a VM's link each for itself: one of these may be a
   * window that is not known here yet.
   */
  shown(surfaces: ReadonlySet<SurfaceId>): void {
    this.#shown = surfaces;
    this.emit("changed");
  }

  remove(surface: SurfaceId): void {
    this.#forget(surface);
    this.emit("changed");
  }

  /** The channels are closed: the windows stay as they were last drawn. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Another agent begins, or the machine is off. Surface ids may come back. */
  clear(): void {
    this.#windows.clear();
    this.#drawn.clear();
    if (this.#shown !== null) this.#shown = new Set();
    this.#isFrozen = false;
    this.emit("changed");
  }

  #forget(surface: SurfaceId): void {
    this.#windows.delete(surface);
    this.#drawn.delete(surface);
  }
}

export const guestWindows = serviceClient(SURFACES, () => new GuestWindows());
