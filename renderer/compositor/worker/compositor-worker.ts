/**
 * Draws the frames of all VMs. A frame of a VM that was idle is drawn at once, also while others animate: it may be the
 * response to a key. Others are drawn in the next animation frame, in one synchronous task; credits are given back from the
 * animation frame. What is held back because somebody types, frame-scheduler.ts says; in which order VMs draw, and how long
 * each, draw-shares.ts; who rests because refreshes are late, long-turns.ts.
 */
import type { Decoder } from "../decoders/decoder.ts";
import type { FromCompositor, Layer, LinkSessionId, ToCompositor } from "./messages.ts";
import { DrawShares } from "./draw-shares.ts";
import { FrameScheduler } from "./frame-scheduler.ts";
import { LongTurns } from "./long-turns.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { type DrawTurn, PixelLink } from "./pixel-link.ts";
import { composePng } from "./screenshot.ts";

/** Drawing stops after this much of a frame's time; the rest is drawn in the next one. */
const DRAW_BUDGET_MS = 10;
/**
 * A frame that is expected to take so much longer than what is left of that is cut, if other VMs draw too. All of this is
 * less than a refresh of a screen of 60 Hz, and full HD is drawn in one piece after a few small frames.
 */
const OVERTIME_MS = 5;
/** A piece of a frame that is cut: then another VM has its turn. */
const PIECE_MS = 3;
/** Outside of an animation frame nothing larger is drawn while others draw too, except in response to a key. */
const MAX_AT_ONCE_MS = 5;
/**
 * A VM that has drawn within this time draws still: others' frames must not keep it waiting. Longer than it takes where the
 * machine has too much to do.
 */
const ACTIVE_MS = 500;
/** What the page has to do for a surface that changes its size, ms: it counts as time for drawing, and as its VM's. */
const CHANGE_MS = 1;
/** Characters of the reason that a link gets for a violation, at most. */
const MAX_DETAIL = 200;
/** A VM that has drawn nothing for longer than this does not animate. */
const IDLE_AFTER_MS = 20;

export class CompositorWorker {
  readonly #decoder: Decoder;
  readonly #tell: (message: FromCompositor, transfer?: Transferable[]) => void;
  readonly #links = new Map<LinkSessionId, PixelLink>();
  readonly #scheduler = new FrameScheduler();
  readonly #shares = new DrawShares<PixelLink>();
  readonly #longTurns = new LongTurns<PixelLink>();
  readonly #budget = new MemoryBudget(this.#links);
  #isTickRequested = false;
  /** When the animation frame began in which the next one was requested, ms; null = the next was not requested there. */
  #lastTickMs: number | null = null;
  /** Ends the wait of what is held back. */
  #wakeTimer: ReturnType<typeof setTimeout> | undefined;

  /** A VM has drawn for long since the last animation frame. */
  #hasLongTurn = false;
  /** What the page has to do for what was drawn in this animation frame, ms. */
  #pageMs = 0;

  constructor(decoder: Decoder, tell: (message: FromCompositor, transfer?: Transferable[]) => void) {
    this.#decoder = decoder;
    this.#tell = tell;
  }

  handle(message: ToCompositor): void {
    switch (message.type) {
      case "link":
        this.#links.set(
          message.session,
          new PixelLink(message.session, message.pixels, {
            frameWaits: (link) => this.#wake(link),
            frameChanged: (link, surface, frame) => {
              this.#pageMs += CHANGE_MS;
              this.#shares.spent(link, CHANGE_MS);
              this.#tell({ type: "frameChanged", session: link.session, surface, frame });
            },
            canvasWanted: (session, surface) => this.#tell({ type: "canvasWanted", session, surface }),
            emptied: (session, surface) => this.#tell({ type: "refreshWanted", session, surface }),
            grows: (link, px) => this.#budget.hasRoom(link, px),
            holds: (link) => this.#budget.limitWaiting(link),
            spent: (link, ms) => this.#shares.spent(link, ms),
          }),
        );
        return;
      case "screen":
        return this.#budget.setScreen(message.px);
      case "open":
        return this.#links.get(message.session)?.open(message.surface, message.canvas);
      case "replaceCanvas":
        return this.#links.get(message.session)?.replaceCanvas(message.surface, message.canvas);
      case "visibility":
        return this.#links.get(message.session)?.setVisible(message.surface, message.isVisible);
      case "keyPressed":
        return this.#keyPressed(this.#links.get(message.session));
      case "forget":
        this.#links.get(message.session)?.forget(message.surface);
        return this.#dropIfOver(message.session);
      case "end":
        this.#links.get(message.session)?.end();
        return this.#dropIfOver(message.session);
      case "screenshot":
        return void this.#screenshot(message.request, message.width, message.height, message.layers);
    }
  }

  /** Whether anything is kept of this session, canvases included. */
  knows(session: LinkSessionId): boolean {
    return this.#links.has(session);
  }

  #dropIfOver(session: LinkSessionId): void {
    const link = this.#links.get(session);
    if (link?.isOver !== true) return;
    this.#links.delete(session);
    this.#shares.forget(link);
    this.#longTurns.forget(link);
  }

  #keyPressed(link: PixelLink | undefined): void {
    if (link !== undefined) this.#scheduler.keyPressed(link, performance.now());
  }

  #wake(link: PixelLink): void {
    const nowMs = performance.now();
    if (this.#waitMs(link, nowMs) > 0) return this.#wakeHeld();
    if (nowMs - link.lastDrawMs > IDLE_AFTER_MS && this.#mayDrawAtOnce(link, nowMs)) this.#drawNext(link, nowMs, null);
    this.#requestTick();
  }

  /**
   * Requests an animation frame as soon as a link with something to do is not held back any more. None is requested for
   * held frames before: an empty refresh would delay the response to a key by one refresh.
   */
  #wakeHeld(): void {
    clearTimeout(this.#wakeTimer);
    const nowMs = performance.now();
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const link of this.#links.values()) {
      if (!link.hasWaiting && !link.owesCredits) continue;
      const waitMs = this.#waitMs(link, nowMs);
      if (waitMs === 0) return this.#requestTick();
      soonestMs = Math.min(soonestMs, waitMs);
    }
    if (soonestMs < Number.POSITIVE_INFINITY)
      this.#wakeTimer = setTimeout(() => this.#wakeHeld(), Math.ceil(soonestMs));
  }

  /** How long the VM's frames are held back. */
  #waitMs(link: PixelLink, nowMs: number): number {
    const waitMs = this.#scheduler.waitMs(link, nowMs);
    const rests = link.hasWaiting && link.unansweredKeyMs === null && this.#isShared(link, nowMs);
    return rests ? Math.max(waitMs, this.#longTurns.waitMs(link, nowMs)) : waitMs;
  }

  /** Whether a frame may be drawn outside of an animation frame: a VM that costs much waits for its turn. */
  #mayDrawAtOnce(link: PixelLink, nowMs: number): boolean {
    if (link.unansweredKeyMs !== null || !this.#isShared(link, nowMs)) return true;
    return link.nextMs <= MAX_AT_ONCE_MS && !this.#shares.isInDebt(link);
  }

  /** Whether another VM draws too. */
  #isShared(link: PixelLink, nowMs: number): boolean {
    for (const other of this.#links.values())
      if (other !== link && (other.hasWaiting || nowMs - other.lastDrawMs < ACTIVE_MS)) return true;
    return false;
  }

  /** @param endMs when the time of an animation frame is up; null: it is drawn outside of one, and not cut */
  #drawNext(link: PixelLink, nowMs: number, endMs: number | null): void {
    // The response to a key is drawn in one piece, whatever it takes.
    const isWhole = endMs === null || link.unansweredKeyMs !== null || !this.#isShared(link, nowMs);
    const pieceEndMs = isWhole ? Infinity : Math.min(endMs, nowMs + PIECE_MS);
    const shownMs = this.#tryDraw(link, {
      decoder: this.#decoder,
      uncutMs: isWhole ? Infinity : endMs - nowMs + OVERTIME_MS,
      isTimeUp: () => performance.now() >= pieceEndMs,
    });
    const spentMs = performance.now() - nowMs;
    this.#shares.spent(link, spentMs);
    this.#hasLongTurn ||= this.#longTurns.took(link, spentMs + shownMs, nowMs + spentMs);
    this.#scheduler.drawn(link);
  }

  /** What cannot be drawn, as there is no memory for it, is its own VM's loss: tried for ever, it would be every VM's. */
  #tryDraw(link: PixelLink, turn: DrawTurn): number {
    try {
      return link.drawNext(turn);
    } catch (thrown) {
      link.violate(`a frame cannot be drawn: ${String(thrown)}`.slice(0, MAX_DETAIL));
      return 0;
    }
  }

  #requestTick(): void {
    if (this.#isTickRequested) return;
    this.#isTickRequested = true;
    requestAnimationFrame((timestampMs) => this.#tick(timestampMs));
  }

  #tick(timestampMs: number): void {
    this.#isTickRequested = false;
    if (this.#lastTickMs !== null) {
      const isLate = this.#scheduler.refreshed(timestampMs - this.#lastTickMs);
      if (this.#hasLongTurn) this.#longTurns.refreshed(isLate);
    }
    this.#hasLongTurn = false;
    this.#draw(performance.now());
    for (const link of this.#links.values()) this.#giveCredits(link);
    this.#wakeHeld();
    // When the refresh after it comes, says what it has cost.
    if (this.#hasLongTurn && !this.#scheduler.isResponseAwaited(performance.now())) this.#requestTick();
    this.#lastTickMs = this.#isTickRequested ? timestampMs : null;
  }

  /** In an animation frame alone: no guest draws faster than the screen shows. */
  #giveCredits(link: PixelLink): void {
    if (!this.#scheduler.isHeldForResponse(link, performance.now())) link.giveCredits();
  }

  /** Draws frames, the VMs in their turns, until none waits or the time is up. */
  #draw(startedMs: number): void {
    const waiting = new Set<PixelLink>();
    for (const link of this.#links.values())
      if (link.hasWaiting && this.#waitMs(link, startedMs) === 0) waiting.add(link);
    this.#shares.refreshed(waiting);
    const endMs = startedMs + DRAW_BUDGET_MS;
    this.#pageMs = 0;
    for (let nowMs = startedMs; nowMs + this.#pageMs <= endMs; nowMs = performance.now()) {
      const link = this.#shares.next(waiting);
      if (link === undefined) return;
      this.#drawNext(link, nowMs, endMs);
      if (this.#waitMs(link, performance.now()) > 0) waiting.delete(link);
      if (link.hasWaiting) continue;
      waiting.delete(link);
      // At once: its guest draws its next frame while those of others are drawn, and in the next refresh that is here.
      this.#giveCredits(link);
    }
  }

  async #screenshot(request: number, width: number, height: number, layers: Layer[]): Promise<void> {
    const isTooLarge = width * height > this.#budget.screenshotPx;
    const png = isTooLarge
      ? null
      : await composePng(
          width,
          height,
          layers,
          ({ session, surface }) => this.#links.get(session)?.find(surface)?.canvas ?? null,
        );
    this.#tell({ type: "screenshot", request, png }, png === null ? [] : [png.buffer]);
  }
}
