/** The windows and popups of one VM as main knows them: from the link's events. The page reports where they are on the desktop. */
import type { SurfaceEvent } from "#shared/ipc/link-port.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";

export class GuestWindows {
  readonly #windows = new Map<SurfaceId, GuestWindow>();
  readonly #painted = new Set<SurfaceId>();
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

  hasPicture(surface: SurfaceId): boolean {
    return this.#painted.has(surface);
  }

  take(event: SurfaceEvent): void {
    if (event.type === "windowOpened") this.#windows.set(event.window.surface, event.window);
    else if (event.type === "surfaceClosed") this.remove(event.surface);
    else if (event.type === "windowChanged") {
      const window = this.#windows.get(event.surface);
      if (window !== undefined) this.#windows.set(event.surface, { ...window, ...event.change });
    }
  }

  painted(surface: SurfaceId): void {
    if (this.#windows.has(surface)) this.#painted.add(surface);
  }

  remove(surface: SurfaceId): void {
    this.#windows.delete(surface);
    this.#painted.delete(surface);
  }

  /** The channels are closed: the windows stay as they were last drawn. */
  freeze(): void {
    this.#isFrozen = true;
  }

  clear(): void {
    this.#windows.clear();
    this.#painted.clear();
    this.#isFrozen = false;
  }
}
