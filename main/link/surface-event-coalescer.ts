/**
 * Passes on surface events at a pace that no guest can use to flood the listener. A surface's first event in a window of
 * time goes at once, as do all opens and closes; of later ones in the same window the newest of each kind is held, and goes
 * when the window ends. Each window begins with a fence: while the listener has not answered the last one it is behind, and
 * everything is held until it has. So what is queued, here and at the listener, is bounded by the number of open surfaces.
 * Surfaces that open have a pace of their own, as each costs the listener much: above it all is held, and of one that closes
 * before it was sent the listener never hears.
 */
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { RateLimit } from "./rate-limit.ts";

/**
 * More than programs need that open menus and windows as fast as a person works. The burst is for a page that has just loaded: all
 * open surfaces of the VM come at once.
 */
const OPENS_PER_S = 50;
const OPENS_BURST = 256;

export interface CoalescerListener<Event> {
  send(event: Event): void;
  /** To be answered by `fenceReached()` when all that was sent before it has been dealt with. */
  fence(): void;
}

export class SurfaceEventCoalescer<Event extends SurfaceEvent> {
  readonly #windowMs: number;
  readonly #listener: CoalescerListener<Event>;
  /** By kind and surface, in the order in which they go. */
  readonly #held = new Map<string, Event>();
  /** Surfaces of which an event was sent in the present window of time; null = the cursor. */
  readonly #sentOf = new Set<SurfaceId | null>();
  readonly #opens: RateLimit;
  #timer: NodeJS.Timeout | null = null;
  #isFenceReached = true;
  /** More have opened than may be sent: what comes later may be about those. */
  #holdsOpens = false;

  constructor(
    windowMs: number,
    listener: CoalescerListener<Event>,
    opens: RateLimit = new RateLimit(OPENS_PER_S, OPENS_BURST),
  ) {
    this.#windowMs = windowMs;
    this.#opens = opens;
    this.#listener = listener;
  }

  /** `retired`: the surfaces that a close ends. */
  take(event: Event, retired: readonly SurfaceId[] = []): void {
    if (event.type === "surfaceClosed" && this.#forget(event.surface, retired)) return;
    const isBehind = this.#timer === null && !this.#isFenceReached;
    if (isBehind || this.#holdsOpens || (!isOpenOrClose(event) && this.#sentOf.has(surfaceOf(event))))
      return this.#hold(event);
    if (isOpen(event) && !this.#opens.take()) {
      this.#holdsOpens = true;
      this.#hold(event);
    } else {
      this.#send(event);
    }
    // Its end is also when what is held has its turn.
    if (this.#timer === null) this.#beginWindow();
  }

  fenceReached(): void {
    this.#isFenceReached = true;
    if (this.#timer === null) this.#flush();
  }

  /** Sends what is held, and nothing more after it. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const event of this.#held.values()) this.#listener.send(event);
    this.#held.clear();
  }

  #send(event: Event): void {
    this.#listener.send(event);
    if (!isOpenOrClose(event)) this.#sentOf.add(surfaceOf(event));
  }

  #hold(event: Event): void {
    const key = keyOf(event);
    const before = this.#held.get(key);
    // It goes to the end: it may name surfaces that have opened since the first one.
    this.#held.delete(key);
    this.#held.set(key, before === undefined ? event : merged(before, event));
  }

  /** Drops what is held of surfaces that end; true = the open of `root` was still held, so its close need not be sent. */
  #forget(root: SurfaceId, retired: readonly SurfaceId[]): boolean {
    const gone = new Set<SurfaceId | null>(retired);
    let isUnknown = false;
    for (const [key, event] of this.#held) {
      const surface = surfaceOf(event);
      if (!gone.has(surface)) continue;
      this.#held.delete(key);
      isUnknown ||= isOpenOrClose(event) && surface === root;
    }
    return isUnknown;
  }

  #beginWindow(): void {
    this.#isFenceReached = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#sentOf.clear();
      if (this.#isFenceReached) this.#flush();
    }, this.#windowMs);
    this.#listener.fence();
  }

  #flush(): void {
    this.#holdsOpens = false;
    if (this.#held.size === 0) return;
    for (const [key, event] of this.#held) {
      if (isOpen(event) && !this.#opens.take()) {
        this.#holdsOpens = true;
        break;
      }
      this.#held.delete(key);
      this.#send(event);
    }
    this.#beginWindow();
  }
}

/** Never two of a kind for one surface, and the listener needs each of them. */
function isOpenOrClose(event: SurfaceEvent): boolean {
  return isOpen(event) || event.type === "surfaceClosed";
}

function isOpen({ type }: SurfaceEvent): boolean {
  return type === "windowOpened" || type === "popupOpened" || type === "subsurfaceOpened";
}

function surfaceOf(event: SurfaceEvent): SurfaceId | null {
  switch (event.type) {
    case "windowOpened":
      return event.window.surface;
    case "popupOpened":
      return event.popup.surface;
    case "childrenPlaced":
      return event.parent;
    // One for all surfaces: only the newest counts.
    case "cursorChanged":
    case "pointerLockWanted":
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
