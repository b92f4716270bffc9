/** One VM's pixels: its port, its surfaces, the frames that wait, and what a VM may take of this worker's memory. */
import type { FrameInfo } from "#shared/model/frame.ts";
import type { PixelCommand, PixelEvent } from "#shared/ipc/link-port.ts";
import type { FrameMessage } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import type { ScheduledLink } from "./frame-scheduler.ts";
import type { LinkSessionId } from "./messages.ts";
import { SurfaceCanvas, type WholeFrame } from "./surface-canvas.ts";

/** Double buffering: the guest draws one frame while the one before it is shown. */
const FIRST_CREDITS = 2;
/** Compressed frames of one VM that wait to be drawn, bytes: two of the largest that the wire allows. */
const MAX_WAITING_BYTES = 320 * 1024 * 1024;
/** All canvases of one VM, pixels: 15 screens of 4K. */
const MAX_CANVAS_PX = 128 * 1024 * 1024;

export interface PixelLinkListener {
  /** A whole frame has arrived, or credits are owed again. */
  frameWaits(link: PixelLink): void;
  frameChanged(session: LinkSessionId, surface: SurfaceId, frame: FrameInfo): void;
  canvasWanted(session: LinkSessionId, surface: SurfaceId): void;
}

export class PixelLink implements ScheduledLink {
  readonly session: LinkSessionId;
  readonly #port: MessagePort;
  readonly #listener: PixelLinkListener;
  readonly #surfaces = new Map<SurfaceId, SurfaceCanvas>();
  readonly #waiting: { surface: SurfaceCanvas; parts: WholeFrame }[] = [];
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
    port.onmessage = ({ data }: MessageEvent<PixelEvent>) => this.#received(data);
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
    this.#surfaces.set(id, new SurfaceCanvas(id, canvas));
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

  forget(id: SurfaceId): void {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return;
    this.#surfaces.delete(id);
    this.#owed.delete(surface);
    this.#waitingBytes -= this.#unfinished.get(id) ?? 0;
    for (const parts of surface.held) this.#waitingBytes -= payloadBytes(parts);
    this.#unfinished.delete(id);
  }

  /** Draws the frame that has waited longest. */
  drawNext(decoder: Decoder): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { surface, parts } = next;
    const isGone = this.#isEnded || this.#surfaces.get(surface.id) !== surface;
    if (!isGone && !surface.canShow(parts)) {
      if (surface.held.length === 0) this.#listener.canvasWanted(this.session, surface.id);
      surface.held.push(parts);
      return;
    }
    this.#waitingBytes -= payloadBytes(parts);
    if (isGone) return;
    const result = surface.draw(parts, decoder);
    this.lastDrawMs = performance.now();
    if (!result.ok) return this.#violated(surface.id, result.detail);
    if (surface.isVisible) this.#owed.add(surface);
    if (result.changed === null) return;
    this.#listener.frameChanged(this.session, surface.id, result.changed);
    if (this.#canvasPx() > MAX_CANVAS_PX) this.#violated(surface.id, `windows of more than ${MAX_CANVAS_PX} pixels`);
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
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#owed.clear();
    this.#port.close();
  }

  #received(event: PixelEvent): void {
    if (this.#isEnded) return;
    if (event.type === "retired") return this.forget(event.surface);
    const surface = this.#surfaces.get(event.surface);
    // The page has forgotten it meanwhile, or has not opened it yet.
    if (surface === undefined) return;
    this.#waitingBytes += event.payload.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES)
      return this.#violated(event.surface, "more frames than it may send at once");
    const parts = surface.take(event);
    if (parts === null) {
      this.#unfinished.set(surface.id, (this.#unfinished.get(surface.id) ?? 0) + event.payload.length);
      return;
    }
    this.#unfinished.delete(surface.id);
    this.#waiting.push({ surface, parts });
    this.#listener.frameWaits(this);
  }

  #canvasPx(): number {
    let area = 0;
    for (const { canvas } of this.#surfaces.values()) area += canvas.width * canvas.height;
    return area;
  }

  #violated(surface: SurfaceId, detail: string): void {
    this.#tell({ type: "violation", surface, detail });
    // The link closes the VM's channels; nothing of it is drawn any more.
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#owed.clear();
  }

  #tell(command: PixelCommand): void {
    if (!this.#isEnded) this.#port.postMessage(command);
  }
}

function payloadBytes(parts: readonly FrameMessage[]): number {
  let bytes = 0;
  for (const { payload } of parts) bytes += payload.length;
  return bytes;
}
