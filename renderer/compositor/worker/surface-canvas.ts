/** One surface: its canvas, the frames that are held for another canvas, the credits that it is owed. */
import type { FrameMessage } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import type { FrameInfo } from "#shared/model/frame.ts";
import { paint, type WholeFrame } from "./canvas-painter.ts";
import type { CutFrame } from "./cut-frame.ts";

export type DrawResult = { ok: true; changed: FrameInfo | null } | { ok: false; detail: string };

export class SurfaceCanvas {
  readonly id: SurfaceId;
  canvas: OffscreenCanvas;
  isVisible = true;
  /** Frames that were drawn and for which no credit was given yet. */
  owedCredits = 0;
  shown: FrameInfo | null = null;
  /** Frames that this canvas cannot show: they wait for `replace`. */
  readonly held: WholeFrame[] = [];
  /** Its pixels were lost with the graphics processor's memory: it is empty until it is drawn anew. */
  readonly #emptied: () => void;
  #context: OffscreenCanvasRenderingContext2D | null = null;
  #isOpaque = false;
  #parts: FrameMessage[] = [];

  constructor(id: SurfaceId, canvas: OffscreenCanvas, emptied: () => void) {
    this.id = id;
    this.canvas = canvas;
    this.#emptied = emptied;
  }

  /** Takes one message of a frame; returns the frame when the message is its last one. */
  take(message: FrameMessage): WholeFrame | null {
    this.#parts.push(message);
    if (!message.last) return null;
    const parts = this.#parts as WholeFrame;
    this.#parts = [];
    return parts;
  }

  /**
   * Whether the frame can be drawn. An opaque canvas is composited without what lies below it, a millisecond for a large
   * window; which kind it is, is settled with its first frame.
   */
  canShow([first]: WholeFrame): boolean {
    return this.held.length === 0 && (first.opaque || !this.#isOpaque);
  }

  /** Takes another canvas in place of the one that could not show what is `held`. */
  replace(canvas: OffscreenCanvas): void {
    this.canvas = canvas;
    this.#context = null;
    this.#isOpaque = false;
  }

  /** Draws all of a frame in this task: an `await` between rectangles would show half of it. */
  draw(parts: WholeFrame, decoder: Decoder): DrawResult {
    const context = this.#prepare(parts[0]);
    for (const part of parts) {
      const detail = paint(context, part, decoder);
      if (typeof detail === "string") return { ok: false, detail };
    }
    return this.#drawn(parts[0]);
  }

  /** Shows a frame that was drawn elsewhere. */
  drawCut(cut: CutFrame): DrawResult {
    cut.showOn(this.#prepare(cut.parts[0]));
    return this.#drawn(cut.parts[0]);
  }

  /** No frame of it will be drawn any more. */
  drop(): void {
    this.held.length = 0;
    this.#parts = [];
  }

  /** Gives the memory of its pixels back. */
  release(): void {
    this.canvas.width = 1;
    this.canvas.height = 1;
  }

  #prepare({ width, height, opaque }: FrameMessage): OffscreenCanvasRenderingContext2D {
    const { canvas } = this;
    // Setting a side clears the canvas: the first frame of a new size covers all of it.
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    return this.#open(opaque);
  }

  #drawn(frame: FrameMessage): DrawResult {
    this.owedCredits += 1;
    return { ok: true, changed: this.#show(frame) };
  }

  #open(isOpaque: boolean): OffscreenCanvasRenderingContext2D {
    if (this.#context !== null) return this.#context;
    const context = this.canvas.getContext("2d", { alpha: !isOpaque });
    if (context === null) throw new Error("a canvas without a 2d context");
    this.canvas.oncontextrestored = this.#emptied;
    this.#isOpaque = isOpaque;
    return (this.#context = context);
  }

  #show(frame: FrameMessage): FrameInfo | null {
    const before = this.shown;
    const { serial, width, height, scale, logicalWidth, logicalHeight, geometry, configureSerial } = frame;
    const now: FrameInfo = { serial, width, height, scale, logicalWidth, logicalHeight, geometry, configureSerial };
    this.shown = now;
    return before !== null && looksAlike(before, now) ? null : now;
  }
}

function looksAlike(a: FrameInfo, b: FrameInfo): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.scale === b.scale &&
    a.logicalWidth === b.logicalWidth &&
    a.logicalHeight === b.logicalHeight &&
    a.configureSerial === b.configureSerial &&
    a.geometry?.x === b.geometry?.x &&
    a.geometry?.y === b.geometry?.y &&
    a.geometry?.width === b.geometry?.width &&
    a.geometry?.height === b.geometry?.height
  );
}
