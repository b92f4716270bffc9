/**
 * Decides how long frames of one VM are held back because a person types in another one. Has no timers and no clock: the
 * compositor passes the time, and asks again when a wait is over or the state has changed.
 *
 * A refresh of the screen that has shown one frame shows no other: a frame of another VM, drawn just before the response to
 * a key is ready, delays the response by a whole refresh. So others are held back
 *  - from a key until the VM in which it was typed has drawn, for KEY_RESPONSE_TIMEOUT_MS at most;
 *  - to every second refresh from MIN_KEY_INTERVAL_MS after a key on, as the next key may come, while somebody types.
 * Between the two, when no key is expected, they are drawn in every refresh. So they keep at least half of their rate.
 */

/**
 * For so long others wait for the response to a key: two refreshes of a screen of 60 Hz. Less than half of
 * MIN_KEY_INTERVAL_MS, so that others have more time than that in which nothing holds them back.
 */
export const KEY_RESPONSE_TIMEOUT_MS = 30;
/**
 * A key that follows the last one sooner than this is repeated by the keyboard, or one of a roll of keys: nobody watches
 * for the response to each. A person who types fast presses a key every 100 ms.
 */
export const MIN_KEY_INTERVAL_MS = 70;
/** Somebody types for so long after a key: the time between two keys of a person who types slowly. */
export const TYPING_MS = 500;
/**
 * While somebody types, others' frames are drawn at most this often, in refreshes of the screen. Between one and two: a
 * frame is drawn some milliseconds after its refresh began, and the next animation frame has to be requested after one
 * refresh and well before the second.
 */
const TYPING_FRAME_INTERVAL_REFRESHES = 1.2;
/** The refresh interval until it is known, and its upper bound: slower screens are not held back to every second refresh. */
const MAX_REFRESH_MS = 1000 / 60;
/** After so many refreshes an animation frame is late: one was skipped. */
const LATE_REFRESHES = 1.5;
/** Refresh interval of the fastest screens. */
const MIN_REFRESH_MS = 4;

/** What is kept of each VM's link. */
export interface ScheduledLink {
  /** When a frame of it was last drawn, ms; -Infinity = never. */
  readonly lastDrawMs: number;
  /** When the first key was pressed whose response is still awaited, ms; null = none is. Written by the scheduler only. */
  unansweredKeyMs: number | null;
}

export class FrameScheduler {
  #lastKey: { link: ScheduledLink; atMs: number } | null = null;
  #refreshMs = MAX_REFRESH_MS;

  /** A key went down in a window of that VM. */
  keyPressed(link: ScheduledLink, nowMs: number): void {
    // Some keys cause no redraw. After one timeout other VMs' frames are not held for this VM until it draws again.
    if (!respondsToKeys(link, nowMs)) return;
    const last = this.#lastKey;
    const isRepeated = last?.link === link && nowMs - last.atMs < MIN_KEY_INTERVAL_MS;
    if (!isRepeated) link.unansweredKeyMs ??= nowMs;
    this.#lastKey = { link, atMs: nowMs };
  }

  /** A frame of that VM was drawn: whatever its keys asked for has been answered. */
  drawn(link: ScheduledLink): void {
    link.unansweredKeyMs = null;
  }

  /**
   * @param intervalMs between two animation frames of which the second was requested in the first
   * @returns whether a refresh was skipped between them
   */
  refreshed(intervalMs: number): boolean {
    // The shortest of late: under load refreshes are skipped.
    const shortestMs = Math.min(intervalMs, this.#refreshMs + 1, MAX_REFRESH_MS);
    this.#refreshMs = Math.max(shortestMs, MIN_REFRESH_MS);
    return intervalMs > LATE_REFRESHES * this.#refreshMs;
  }

  /** How long frames of this VM are held back, ms from now; 0 = they are drawn in the next animation frame. */
  waitMs(link: ScheduledLink, nowMs: number): number {
    if (this.#lastKey === null || this.#lastKey.link === link) return 0;
    const responseWaitMs = this.#responseWaitMs(nowMs);
    if (responseWaitMs > 0) return responseWaitMs;
    const sinceKeyMs = nowMs - this.#lastKey.atMs;
    if (sinceKeyMs < MIN_KEY_INTERVAL_MS || sinceKeyMs > TYPING_MS) return 0;
    return Math.max(0, link.lastDrawMs + TYPING_FRAME_INTERVAL_REFRESHES * this.#refreshMs - nowMs);
  }

  /** Whether another VM's response to a key is awaited: this one is given no credits, so that its guest does not draw now. */
  isHeldForResponse(link: ScheduledLink, nowMs: number): boolean {
    return this.#lastKey !== null && this.#lastKey.link !== link && this.isResponseAwaited(nowMs);
  }

  /** Whether some VM's response to a key is awaited. */
  isResponseAwaited(nowMs: number): boolean {
    return this.#responseWaitMs(nowMs) > 0;
  }

  #responseWaitMs(nowMs: number): number {
    const keyMs = this.#lastKey?.link.unansweredKeyMs ?? null;
    return keyMs === null ? 0 : Math.max(0, keyMs + KEY_RESPONSE_TIMEOUT_MS - nowMs);
  }
}

/** False after a key timed out without a frame; true again at its next frame. */
function respondsToKeys({ unansweredKeyMs }: ScheduledLink, nowMs: number): boolean {
  return unansweredKeyMs === null || nowMs < unansweredKeyMs + KEY_RESPONSE_TIMEOUT_MS;
}
