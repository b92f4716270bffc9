/** One VM's pixels: its port, its surfaces, the frames that wait, and what a VM may take of this worker's memory. */
import type { FrameInfo } from "#shared/model/frame.ts";
import type { PixelCommand, PixelEvent } from "#shared/ipc/link-port.ts";
import type { FrameMessage } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import type { ScheduledLink } from "./frame-scheduler.ts";
import type { BudgetedLink } from "./memory-budget.ts";
import type { LinkSessionId } from "./messages.ts";
import { BackCanvas, CutFrame } from "./cut-frame.ts";
import { type DrawResult, SurfaceCanvas } from "./surface-canvas.ts";
import type { WholeFrame } from "./canvas-painter.ts";

/** Double buffering: the guest draws one frame while the one before it is shown. */
const FIRST_CREDITS = 2;
/** What a damage rectangle of a frame that waits takes as an object in memory, bytes. */
const RECT_BYTES = 64;
/** What a rectangle costs to be drawn beside its pixels, as pixels. */
const RECT_COST_PX = 2048;
/** How long it takes to decode and draw a pixel on a slow machine, ms: what a frame will take is only estimated. */
const MS_PER_PX = 4e-6;
/** How long it takes to bring a canvas to the screen, all of which is copied, on a slow machine, ms per pixel. */
const SHOW_MS_PER_PX = 2e-6;
/** Reading a message takes longer only where it is meant to. */
const NOTICEABLE_MS = 0.5;

export interface PixelLinkListener {
  /** A whole frame has arrived, or credits are owed again. */
  frameWaits(link: PixelLink): void;
  frameChanged(link: PixelLink, surface: SurfaceId, frame: FrameInfo): void;
  canvasWanted(session: LinkSessionId, surface: SurfaceId): void;
  /** The pixels of a canvas are lost. */
  emptied(session: LinkSessionId, surface: SurfaceId): void;
  /** Its canvases would take so many pixels more; false: there is no room, and it is cut off. */
  grows(link: PixelLink, px: number): boolean;
  /** More bytes of it wait to be drawn. */
  holds(link: PixelLink): void;
  /** The desktop has spent time on it otherwise than by drawing. */
  spent(link: PixelLink, ms: number): void;
}

interface WaitingFrame {
  surface: SurfaceCanvas;
  parts: WholeFrame;
}

/** How one turn of drawing goes. */
export interface DrawTurn {
  decoder: Decoder;
  /** A frame that takes longer than this is cut, ms; Infinity: none is. */
  uncutMs: number;
  /** Whether a frame that is cut has had its time. */
  isTimeUp: () => boolean;
}

export class PixelLink implements ScheduledLink, BudgetedLink {
  readonly session: LinkSessionId;
  readonly #port: MessagePort;
  readonly #listener: PixelLinkListener;
  readonly #surfaces = new Map<SurfaceId, SurfaceCanvas>();
  /** Surfaces that the guest has closed and the page has not forgotten yet. */
  readonly #retired = new Map<SurfaceId, SurfaceCanvas>();
  readonly #waiting: WaitingFrame[] = [];
  /** The frame that is being drawn in several turns. */
  #cut: { of: WaitingFrame; frame: CutFrame } | null = null;
  readonly #back = new BackCanvas();
  /** Visible surfaces that are owed credits. */
  readonly #owed = new Set<SurfaceCanvas>();
  /** Bytes of frames whose last part has not arrived. */
  readonly #unfinished = new Map<SurfaceId, number>();
  lastDrawMs = Number.NEGATIVE_INFINITY;
  unansweredKeyMs: number | null = null;
  #waitingBytes = 0;
  #isEnded = false;

  constructor(session: LinkSessionId, port: MessagePort, listener: PixelLinkListener) {
    this.session = session;
    this.#port = port;
    this.#listener = listener;
    port.onmessage = (message: MessageEvent<PixelEvent>) => {
      const beganMs = performance.now();
      // The message is made into objects when it is read: thousands, where it has many rectangles.
      const { data } = message;
      const ms = performance.now() - beganMs;
      if (ms > NOTICEABLE_MS) listener.spent(this, ms);
      this.#received(data);
    };
  }

  /** Bytes that wait to be drawn, rectangles included. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Pixels of all canvases. */
  get canvasPx(): number {
    let area = 0;
    for (const { canvas } of this.#surfaces.values()) area += canvas.width * canvas.height;
    return area;
  }

  /** How long the next frame will take to be drawn, as far as that can be told, ms. */
  get nextMs(): number {
    const next = this.#waiting[0];
    return next === undefined ? 0 : costPx(next.parts) * MS_PER_PX;
  }

  /** It was cut off, or is closed: its last pictures stay. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Something was drawn for which `giveCredits` gives credits. */
  get owesCredits(): boolean {
    return this.#owed.size > 0;
  }

  /** The link is closed and no canvas of it is left. */
  get isOver(): boolean {
    return this.#isEnded && this.#surfaces.size === 0;
  }

  find(surface: SurfaceId): SurfaceCanvas | undefined {
    return this.#surfaces.get(surface);
  }

  open(id: SurfaceId, canvas: OffscreenCanvas): void {
    const emptied = (): void => {
      if (!this.#isEnded && this.#surfaces.has(id)) this.#listener.emptied(this.session, id);
    };
    this.#surfaces.set(id, new SurfaceCanvas(id, canvas, emptied));
    this.#tell({ type: "credit", surface: id, count: FIRST_CREDITS, shownSerial: 0 });
  }

  /** Gives a surface the canvas that it wanted, and queues the frames that were held for it, before all others. */
  replaceCanvas(id: SurfaceId, canvas: OffscreenCanvas): void {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return;
    surface.replace(canvas);
    this.#waiting.unshift(...surface.held.splice(0).map((parts) => ({ surface, parts })));
    this.#listener.frameWaits(this);
  }

  setVisible(id: SurfaceId, isVisible: boolean): void {
    const surface = this.#surfaces.get(id);
    if (surface === undefined || surface.isVisible === isVisible) return;
    surface.isVisible = isVisible;
    if (!isVisible || surface.owedCredits === 0) return;
    this.#owed.add(surface);
    this.#listener.frameWaits(this);
  }

  /** The page shows it no more. Its memory is given back at once: collecting garbage may take its time. */
  forget(id: SurfaceId): void {
    const surface = this.#take(id) ?? this.#retired.get(id);
    this.#retired.delete(id);
    surface?.release();
  }

  /** Takes a surface out, of which nothing more is drawn; undefined: it is not there. */
  #take(id: SurfaceId): SurfaceCanvas | undefined {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return undefined;
    this.#surfaces.delete(id);
    this.#owed.delete(surface);
    this.#waitingBytes -= this.#unfinished.get(id) ?? 0;
    for (const parts of surface.held) this.#waitingBytes -= heldBytes(parts);
    this.#unfinished.delete(id);
    return surface;
  }

  /**
   * Draws the frame that has waited longest, or a part of it where it is cut.
   * @returns what it takes beside the time that has passed to bring it to the screen, ms, as far as that can be told
   */
  drawNext(turn: DrawTurn): number {
    const next = this.#waiting[0];
    if (next === undefined) return 0;
    const { surface, parts } = next;
    const isGone = this.#isEnded || this.#surfaces.get(surface.id) !== surface;
    if (!isGone && !surface.canShow(parts)) {
      this.#waiting.shift();
      if (surface.held.length === 0) this.#listener.canvasWanted(this.session, surface.id);
      surface.held.push(parts);
      return 0;
    }
    const result = isGone ? null : this.#draw(next, turn);
    if (result === "more" || this.#isEnded) return 0;
    this.#cut = null;
    this.#waiting.shift();
    this.#waitingBytes -= heldBytes(parts);
    if (result === null) return 0;
    this.lastDrawMs = performance.now();
    if (!result.ok) {
      this.violate(result.detail, surface.id);
      return 0;
    }
    if (surface.isVisible) this.#owed.add(surface);
    if (result.changed !== null) this.#listener.frameChanged(this, surface.id, result.changed);
    return surface.isVisible ? surface.canvas.width * surface.canvas.height * SHOW_MS_PER_PX : 0;
  }

  /** null: there is no room for it. */
  #draw(next: WaitingFrame, turn: DrawTurn): DrawResult | "more" | null {
    const { surface, parts } = next;
    const [{ width, height }] = parts;
    const growthPx = width * height - surface.canvas.width * surface.canvas.height;
    if (growthPx > 0 && !this.#listener.grows(this, growthPx)) return null;
    if (this.#cut?.of !== next) {
      if (this.nextMs <= turn.uncutMs) {
        this.#back.release();
        return surface.draw(parts, turn.decoder);
      }
      this.#cut = { of: next, frame: new CutFrame(parts, this.#back) };
    }
    const { frame } = this.#cut;
    const result = frame.step(turn.decoder, turn.isTimeUp);
    return result !== "more" && result.ok ? surface.drawCut(frame) : result;
  }

  /** Pays for what was drawn; called from the animation frame only, so that a guest cannot draw faster than the screen shows. */
  giveCredits(): void {
    for (const surface of this.#owed) {
      if (!surface.isVisible) continue;
      this.#tell({
        type: "credit",
        surface: surface.id,
        count: surface.owedCredits,
        shownSerial: surface.shown?.serial ?? 0,
      });
      surface.owedCredits = 0;
    }
    this.#owed.clear();
  }

  end(): void {
    this.#stop();
    this.#port.close();
  }

  /** Cuts the VM off: the link closes its channels, and nothing of it is drawn any more. */
  violate(detail: string, surface: SurfaceId = this.#anySurface()): void {
    this.#tell({ type: "violation", surface, detail });
    this.#stop();
  }

  /** Gives the memory of its canvases back. */
  release(): void {
    for (const surface of this.#surfaces.values()) surface.release();
  }

  #received(event: PixelEvent): void {
    if (this.#isEnded) return;
    if (event.type === "retired") return this.#retire(event.surface);
    const surface = this.#surfaces.get(event.surface);
    // The page has forgotten it meanwhile, or has not opened it yet.
    if (surface === undefined) return;
    const bytes = heldBytes([event]);
    this.#waitingBytes += bytes;
    this.#listener.holds(this);
    if (this.#isEnded) return;
    const parts = surface.take(event);
    if (parts === null) {
      this.#unfinished.set(surface.id, (this.#unfinished.get(surface.id) ?? 0) + bytes);
      return;
    }
    this.#unfinished.delete(surface.id);
    this.#waiting.push({ surface, parts });
    this.#listener.frameWaits(this);
  }

  /** The guest has closed it: the page may still show its last frame. */
  #retire(id: SurfaceId): void {
    const surface = this.#take(id);
    if (surface !== undefined) this.#retired.set(id, surface);
  }

  #anySurface(): SurfaceId {
    const [surface] = this.#surfaces.keys();
    return surface ?? (1 as SurfaceId);
  }

  #stop(): void {
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#unfinished.clear();
    for (const surface of this.#surfaces.values()) surface.drop();
    this.#waitingBytes = 0;
    this.#cut = null;
    this.#back.release();
    this.#owed.clear();
  }

  #tell(command: PixelCommand): void {
    if (!this.#isEnded) this.#port.postMessage(command);
  }
}

function heldBytes(parts: readonly FrameMessage[]): number {
  let bytes = 0;
  for (const { payload, damage } of parts) bytes += payload.length + damage.length * RECT_BYTES;
  return bytes;
}

function costPx(parts: readonly FrameMessage[]): number {
  let px = 0;
  for (const { damage } of parts) for (const { width, height } of damage) px += width * height + RECT_COST_PX;
  return px;
}
