/**
 * Draws the frames of all VMs. A frame of a VM that was idle is drawn at once, also while others animate: it may be the
 * response to a key. Others are drawn in the next animation frame, in one synchronous task, one frame of each VM in turn;
 * credits are given back from the animation frame. What is held back because somebody types, frame-scheduler.ts says.
 */
import type { Decoder } from "../decoders/decoder.ts";
import type { FromCompositor, Layer, LinkSessionId, ToCompositor } from "./messages.ts";
import { FrameScheduler } from "./frame-scheduler.ts";
import { PixelLink } from "./pixel-link.ts";
import { composePng } from "./screenshot.ts";

/** Drawing stops after this much of a frame's time; the rest is drawn in the next one, another VM first. */
const DRAW_BUDGET_MS = 10;
/** A VM that has drawn nothing for longer than this does not animate. */
const IDLE_AFTER_MS = 20;

export class CompositorWorker {
  readonly #decoder: Decoder;
  readonly #tell: (message: FromCompositor, transfer?: Transferable[]) => void;
  readonly #links = new Map<LinkSessionId, PixelLink>();
  readonly #scheduler = new FrameScheduler();
  #isTickRequested = false;
  /** When the animation frame began in which the next one was requested, ms; null = the next was not requested there. */
  #lastTickMs: number | null = null;
  /** Ends the wait of what is held back. */
  #wakeTimer: ReturnType<typeof setTimeout> | undefined;
  /** The link that may draw first in the next drawing. */
  #turn = 0;

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
            frameChanged: (session, surface, frame) => this.#tell({ type: "frameChanged", session, surface, frame }),
            canvasWanted: (session, surface) => this.#tell({ type: "canvasWanted", session, surface }),
          }),
        );
        return;
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
    if (this.#links.get(session)?.isOver === true) this.#links.delete(session);
  }

  #keyPressed(link: PixelLink | undefined): void {
    if (link !== undefined) this.#scheduler.keyPressed(link, performance.now());
  }

  #wake(link: PixelLink): void {
    const nowMs = performance.now();
    if (this.#scheduler.waitMs(link, nowMs) > 0) return this.#wakeHeld();
    if (nowMs - link.lastDrawMs > IDLE_AFTER_MS) this.#drawNext(link);
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
      const waitMs = this.#scheduler.waitMs(link, nowMs);
      if (waitMs === 0) return this.#requestTick();
      soonestMs = Math.min(soonestMs, waitMs);
    }
    if (soonestMs < Number.POSITIVE_INFINITY)
      this.#wakeTimer = setTimeout(() => this.#wakeHeld(), Math.ceil(soonestMs));
  }

  #drawNext(link: PixelLink): void {
    link.drawNext(this.#decoder);
    this.#scheduler.drawn(link);
  }

  #requestTick(): void {
    if (this.#isTickRequested) return;
    this.#isTickRequested = true;
    requestAnimationFrame((timestampMs) => this.#tick(timestampMs));
  }

  #tick(timestampMs: number): void {
    this.#isTickRequested = false;
    if (this.#lastTickMs !== null) this.#scheduler.refreshed(timestampMs - this.#lastTickMs);
    this.#draw(performance.now());
    const nowMs = performance.now();
    for (const link of this.#links.values()) if (!this.#scheduler.isHeldForResponse(link, nowMs)) link.giveCredits();
    this.#wakeHeld();
    this.#lastTickMs = this.#isTickRequested ? timestampMs : null;
  }

  /** Draws one frame of each VM in turn, until none waits or the time is up. */
  #draw(startedMs: number): void {
    const mayDraw = (link: PixelLink): boolean => link.hasWaiting && this.#scheduler.waitMs(link, startedMs) === 0;
    const waiting = [...this.#links.values()].filter(mayDraw);
    if (waiting.length === 0) return;
    this.#turn = (this.#turn + 1) % waiting.length;
    for (let at = this.#turn, idle = 0; idle < waiting.length; at = (at + 1) % waiting.length) {
      const link = waiting[at];
      if (link === undefined || !link.hasWaiting) {
        idle += 1;
        continue;
      }
      idle = 0;
      this.#drawNext(link);
      if (performance.now() - startedMs > DRAW_BUDGET_MS) break;
    }
  }

  async #screenshot(request: number, width: number, height: number, layers: Layer[]): Promise<void> {
    const png = await composePng(
      width,
      height,
      layers,
      ({ session, surface }) => this.#links.get(session)?.find(surface)?.canvas ?? null,
    );
    this.#tell({ type: "screenshot", request, png }, png === null ? [] : [png.buffer]);
  }
}
