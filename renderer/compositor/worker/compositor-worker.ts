/**
 * All VMs' pixels in one place. A frame of a VM that was quiet is drawn at once, also while others animate: it may be
 * the answer to a key. Others are drawn in the next animation frame, in one synchronous task, one frame of each VM in
 * turn; credits are given back from the animation frame.
 */
import type { Decoder } from "../decoders/decoder.ts";
import type { FromCompositor, Layer, LinkSessionId, ToCompositor } from "./messages.ts";
import { PixelLink } from "./pixel-link.ts";
import { composePng } from "./screenshot.ts";

/** Drawing stops after this much of a frame's time; the rest is drawn in the next one, another VM first. */
const DRAW_BUDGET_MS = 10;
/** Longer than this since its last drawing: a VM does not animate. */
const QUIET_MS = 20;
/** Others' frames wait for so long after a key, or until its VM answers: what is drawn meanwhile makes the answer late. */
const ANSWER_MS = 30;
/** After a key, somebody types in its VM for so long: the time between two keys of a person who types slowly. */
const TYPING_MS = 500;
/**
 * The next key does not come so soon after the last one: a person who types fast presses every 100 ms, and what is drawn
 * until then is out of its way.
 */
const NO_KEY_MS = 45;
/**
 * While the next key may come, others' frames are so far apart. A refresh of the screen that has shown a frame shows
 * no other one, so that each of them makes some answers wait for the next refresh.
 */
const TYPING_GAP_MS = 120;

export class CompositorWorker {
  readonly #decoder: Decoder;
  readonly #tell: (message: FromCompositor, transfer?: Transferable[]) => void;
  readonly #links = new Map<LinkSessionId, PixelLink>();
  #isTickRequested = false;
  /** Where the last key went, and when. */
  #lastKey: { link: PixelLink; atMs: number } | null = null;
  /** Ends the wait for the answer to the last key; null = it is not waited for. */
  #answerTimer: ReturnType<typeof setTimeout> | null = null;
  /** The next animation frame for what waits because somebody types. */
  #gapTimer: ReturnType<typeof setTimeout> | null = null;
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

  /** Whether anything is kept of this session. */
  knows(session: LinkSessionId): boolean {
    return this.#links.has(session);
  }

  #dropIfOver(session: LinkSessionId): void {
    if (this.#links.get(session)?.isOver === true) this.#links.delete(session);
  }

  #keyPressed(link: PixelLink | undefined): void {
    if (link?.respondsToKeys !== true) return;
    this.#stopWaiting();
    this.#lastKey = { link, atMs: performance.now() };
    this.#answerTimer = setTimeout(() => {
      // Not every key has an answer that is seen: a program that gives none costs the others one wait.
      link.respondsToKeys = false;
      this.#stopWaiting();
      this.#requestTick();
    }, ANSWER_MS);
  }

  #stopWaiting(): void {
    if (this.#answerTimer !== null) clearTimeout(this.#answerTimer);
    this.#answerTimer = null;
  }

  /** How long frames of this VM have to wait for somebody who types in another one, ms; Infinity = until that one answers. */
  #waitMs(link: PixelLink): number {
    if (this.#lastKey === null || this.#lastKey.link === link) return 0;
    if (this.#answerTimer !== null) return Number.POSITIVE_INFINITY;
    const now = performance.now();
    const sinceKeyMs = now - this.#lastKey.atMs;
    if (sinceKeyMs < NO_KEY_MS || sinceKeyMs > TYPING_MS) return 0;
    return Math.max(0, link.lastDrawMs + TYPING_GAP_MS - now);
  }

  /** What waits asks for no animation frame: a screen that is refreshed without a frame shows the answer a frame later. */
  #wake(link: PixelLink): void {
    const waitMs = this.#waitMs(link);
    if (waitMs > 0) return this.#wakeIn(waitMs);
    if (performance.now() - link.lastDrawMs > QUIET_MS) this.#drawNext(link);
    this.#requestTick();
  }

  #wakeIn(waitMs: number): void {
    // The answer, or the end of the wait for it, asks for an animation frame.
    if (waitMs === Number.POSITIVE_INFINITY || this.#gapTimer !== null) return;
    this.#gapTimer = setTimeout(() => {
      this.#gapTimer = null;
      if (this.#answerTimer === null) this.#requestTick();
    }, waitMs);
  }

  #drawNext(link: PixelLink): void {
    link.drawNext(this.#decoder);
    link.respondsToKeys = true;
    if (this.#lastKey?.link === link) this.#stopWaiting();
  }

  #requestTick(): void {
    if (this.#isTickRequested) return;
    this.#isTickRequested = true;
    requestAnimationFrame(() => {
      this.#isTickRequested = false;
      this.#draw(performance.now());
      let isMore = false;
      for (const link of this.#links.values()) {
        const waitMs = this.#waitMs(link);
        if (waitMs === Number.POSITIVE_INFINITY) continue;
        link.giveCredits();
        if (!link.hasWaiting) continue;
        if (waitMs > 0) this.#wakeIn(waitMs);
        else isMore = true;
      }
      if (isMore) this.#requestTick();
    });
  }

  /** One frame of each VM in turn, until none waits or the time is up. */
  #draw(startedMs: number): void {
    const waiting = [...this.#links.values()].filter((link) => link.hasWaiting && this.#waitMs(link) === 0);
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
