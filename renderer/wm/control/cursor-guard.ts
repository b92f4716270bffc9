/**
 * Keeps the picture of a guest's cursor off what the host says: a cursor is drawn above everything, and reaches up to 32 pixels
 * from the pointer. Where it would lie over a title bar, the top bar, the dock or a menu of the host, the guest's surfaces have
 * the host's cursor.
 */
import { type CursorReach, surfaceAt } from "../../compositor/scene.ts";

/** Parts of the page that no guest may draw over. */
const HOST_PARTS = [
  ...[".title-bar", ".top-bar", ".dock", ".fullscreen-strip", ".launcher", ".switcher", ".overlay-layer"],
  ...[".sheet-layer", ".paste-bars", ".ask-bar", ".crossing-notices", ".frozen-badge"],
].join(", ");

/** The part of the document that it looks at. */
type GuardedPage = Pick<Document, "elementFromPoint" | "documentElement">;

export class CursorGuard {
  readonly #page: GuardedPage;
  readonly #later: (look: () => void) => void;
  /** Where the pointer was last seen, on the page; null: not yet. */
  #at: { x: number; y: number } | null = null;
  #isDue = false;

  /** `later`: calls once, before the next frame of the screen. */
  constructor(page: GuardedPage, later: (look: () => void) => void) {
    this.#page = page;
    this.#later = later;
  }

  /** Follows the pointer over this window. */
  follow(pointer: EventTarget): void {
    const moved = (event: Event): void => {
      const { clientX, clientY } = event as PointerEvent;
      this.#at = { x: clientX, y: clientY };
      this.changed();
    };
    pointer.addEventListener("pointermove", moved, { capture: true, passive: true });
  }

  /** The pointer, a cursor, or what lies under the pointer may have changed. */
  changed(): void {
    if (this.#isDue || this.#at === null) return;
    this.#isDue = true;
    this.#later(() => {
      this.#isDue = false;
      this.#look();
    });
  }

  #look(): void {
    const { dataset } = this.#page.documentElement;
    const at = this.#at;
    const reach = at === null ? undefined : surfaceAt(this.#page.elementFromPoint(at.x, at.y))?.scene.cursorReach;
    if (at !== null && reach != null && this.#coversHost(at, reach)) dataset["hostCursor"] = "";
    else delete dataset["hostCursor"];
  }

  /** Looks no further apart than half of the largest cursor: no part of the host's is as narrow as that. */
  #coversHost({ x, y }: { x: number; y: number }, { left, top, right, bottom }: CursorReach): boolean {
    const across = [x - left, x + (right - left) / 2, x + right];
    const down = [y - top, y + (bottom - top) / 2, y + bottom];
    return across.some((column) =>
      down.some((row) => this.#page.elementFromPoint(column, row)?.closest(HOST_PARTS) != null),
    );
  }
}
