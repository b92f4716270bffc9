/** The state of all open surfaces, to be sent to a page that comes later: parents before their children. */
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { SurfaceId } from "#shared/model/window.ts";

type OpenedEvent = Extract<SurfaceEvent, { type: "windowOpened" | "popupOpened" | "subsurfaceOpened" }>;

export class SurfaceMirror {
  readonly #opened = new Map<SurfaceId, OpenedEvent>();
  readonly #placed = new Map<SurfaceId, SurfaceEvent>();
  #cursor: SurfaceEvent | null = null;
  #pointerLock: Extract<SurfaceEvent, { type: "pointerLockWanted" }> | null = null;

  take(event: SurfaceEvent): void {
    switch (event.type) {
      case "windowOpened":
        this.#opened.set(event.window.surface, event);
        return;
      case "popupOpened":
        this.#opened.set(event.popup.surface, event);
        return;
      case "subsurfaceOpened":
        this.#opened.set(event.surface, event);
        return;
      case "windowChanged": {
        const opened = this.#opened.get(event.surface);
        if (opened?.type === "windowOpened")
          this.#opened.set(event.surface, { ...opened, window: { ...opened.window, ...event.change } });
        return;
      }
      case "popupMoved": {
        const opened = this.#opened.get(event.surface);
        if (opened?.type === "popupOpened")
          this.#opened.set(event.surface, { ...opened, popup: { ...opened.popup, rect: event.rect } });
        return;
      }
      case "childrenPlaced":
        this.#placed.set(event.parent, event);
        return;
      case "cursorChanged":
        this.#cursor = event;
        return;
      case "pointerLockWanted":
        this.#pointerLock = event;
        return;
      case "surfaceClosed":
      case "windowRequested":
    }
  }

  isWindow(surface: SurfaceId): boolean {
    return this.#opened.get(surface)?.type === "windowOpened";
  }

  retire(surfaces: readonly SurfaceId[]): void {
    for (const surface of surfaces) {
      this.#opened.delete(surface);
      this.#placed.delete(surface);
      if (this.#pointerLock?.surface === surface) this.#pointerLock = null;
    }
  }

  events(): SurfaceEvent[] {
    const last = [this.#cursor, this.#pointerLock].filter((event) => event !== null);
    return [...this.#opened.values(), ...this.#placed.values(), ...last];
  }
}
