/**
 * What happens to surfaces, on its way to a listener that no guest may drown. What a surface says first goes at once, as do
 * opens and closes; what it says again within the same window of time is kept, the newest of each kind, and goes when the
 * window ends. Each window begins with a mark: a listener that has not reached it by the window's end is behind, and
 * everything is kept until it has. So what waits, here and there, is bounded by what is open, not by what was said.
 */
import type { SurfaceEvent } from "#shared/ipc/link-port.ts";
import type { SurfaceId } from "#shared/model/window.ts";

export interface FeedListener<Event> {
  send(event: Event): void;
  /** To be answered by `reached()` when all that was sent before it has been dealt with. */
  mark(): void;
}

export class SurfaceFeed<Event extends SurfaceEvent> {
  readonly #windowMs: number;
  readonly #listener: FeedListener<Event>;
  /** By kind and surface, in the order in which they go. */
  readonly #kept = new Map<string, Event>();
  /** Surfaces that have said something in the present window; null = the cursor. */
  readonly #heard = new Set<SurfaceId | null>();
  #timer: NodeJS.Timeout | null = null;
  #isReached = true;

  constructor(windowMs: number, listener: FeedListener<Event>) {
    this.#windowMs = windowMs;
    this.#listener = listener;
  }

  /** `retired`: the surfaces that a close ends. */
  take(event: Event, retired: readonly SurfaceId[] = []): void {
    if (event.type === "surfaceClosed" && this.#forget(event.surface, retired)) return;
    const isBehind = this.#timer === null && !this.#isReached;
    if (isBehind || (!isLife(event) && this.#heard.has(surfaceOf(event)))) return this.#keep(event);
    this.#send(event);
    if (this.#timer === null) this.#beginWindow();
  }

  reached(): void {
    this.#isReached = true;
    if (this.#timer === null) this.#flush();
  }

  /** Sends what is kept, and nothing more. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const event of this.#kept.values()) this.#listener.send(event);
    this.#kept.clear();
  }

  #send(event: Event): void {
    this.#listener.send(event);
    if (!isLife(event)) this.#heard.add(surfaceOf(event));
  }

  #keep(event: Event): void {
    const key = keyOf(event);
    const before = this.#kept.get(key);
    // It goes to the end: it may speak of surfaces that opened meanwhile.
    this.#kept.delete(key);
    this.#kept.set(key, before === undefined ? event : merged(before, event));
  }

  /** Drops what is kept of surfaces that end; true = the listener has never heard of `root`, and need not now. */
  #forget(root: SurfaceId, retired: readonly SurfaceId[]): boolean {
    const gone = new Set<SurfaceId | null>(retired);
    let isUnheard = false;
    for (const [key, event] of this.#kept) {
      const surface = surfaceOf(event);
      if (!gone.has(surface)) continue;
      this.#kept.delete(key);
      isUnheard ||= isLife(event) && surface === root;
    }
    return isUnheard;
  }

  #beginWindow(): void {
    this.#isReached = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#heard.clear();
      if (this.#isReached) this.#flush();
    }, this.#windowMs);
    this.#listener.mark();
  }

  #flush(): void {
    if (this.#kept.size === 0) return;
    const events = [...this.#kept.values()];
    this.#kept.clear();
    for (const event of events) this.#send(event);
    this.#beginWindow();
  }
}

/** Opens and closes: never two of a surface, and each of consequence. */
function isLife({ type }: SurfaceEvent): boolean {
  return type === "windowOpened" || type === "popupOpened" || type === "subsurfaceOpened" || type === "surfaceClosed";
}

function surfaceOf(event: SurfaceEvent): SurfaceId | null {
  switch (event.type) {
    case "windowOpened":
      return event.window.surface;
    case "popupOpened":
      return event.popup.surface;
    case "childrenPlaced":
      return event.parent;
    case "cursorChanged":
      return null;
    default:
      return event.surface;
  }
}

function keyOf(event: SurfaceEvent): string {
  const kind = event.type === "windowRequested" ? event.request.kind : "";
  return `${event.type} ${surfaceOf(event)} ${kind}`;
}

function merged<Event extends SurfaceEvent>(before: Event, event: Event): Event {
  if (before.type !== "windowChanged" || event.type !== "windowChanged") return event;
  return { ...event, change: { ...before.change, ...event.change } };
}
