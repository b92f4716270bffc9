/**
 * A large frame that is drawn in several tasks, while other VMs draw between them: into a back canvas, which nobody sees, so
 * that no frame is ever shown half. Its rectangles are bands of rows (MAX_RECT_PX), and it is cut between them.
 */
import type { Rect } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import { PAINT_BEGIN, paint, type PaintPosition, type WholeFrame } from "./canvas-painter.ts";

/** The back canvas of one VM, used for one frame after the other. */
export class BackCanvas {
  #canvas: OffscreenCanvas | null = null;

  /** An empty canvas of at least that size. */
  take(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const canvas = (this.#canvas ??= new OffscreenCanvas(width, height));
    if (canvas.width < width || canvas.height < height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("a canvas without a 2d context");
    context.clearRect(0, 0, canvas.width, canvas.height);
    return context;
  }

  /** Gives its memory back at once: collecting garbage may take its time. */
  release(): void {
    if (this.#canvas === null) return;
    this.#canvas.width = 0;
    this.#canvas.height = 0;
    this.#canvas = null;
  }
}

export type CutResult = "more" | { ok: true } | { ok: false; detail: string };

export class CutFrame {
  readonly parts: WholeFrame;
  readonly #context: OffscreenCanvasRenderingContext2D;
  #part = 0;
  #position: Readonly<PaintPosition> = PAINT_BEGIN;

  constructor(parts: WholeFrame, back: BackCanvas) {
    this.parts = parts;
    this.#context = back.take(parts[0].width, parts[0].height);
  }

  /** Draws one rectangle, and more until `isTimeUp`. */
  step(decoder: Decoder, isTimeUp: () => boolean): CutResult {
    for (let part = this.parts[this.#part]; part !== undefined; part = this.parts[this.#part]) {
      const result = paint(this.#context, part, decoder, this.#position, isTimeUp);
      if (typeof result === "string") return { ok: false, detail: result };
      this.#position = result ?? PAINT_BEGIN;
      if (result === null) this.#part += 1;
      if (this.#part < this.parts.length && isTimeUp()) return "more";
    }
    return { ok: true };
  }

  /** Shows all of it, in this task. */
  showOn(context: OffscreenCanvasRenderingContext2D): void {
    const bounds = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
    for (const { damage, opaque } of this.parts) {
      for (const { x, y, width, height } of damage) {
        // It takes the place of what is there.
        if (!opaque) context.clearRect(x, y, width, height);
        bounds.left = Math.min(bounds.left, x);
        bounds.top = Math.min(bounds.top, y);
        bounds.right = Math.max(bounds.right, x + width);
        bounds.bottom = Math.max(bounds.bottom, y + height);
      }
    }
    if (bounds.right === 0) return;
    const rect: Rect = {
      x: bounds.left,
      y: bounds.top,
      width: bounds.right - bounds.left,
      height: bounds.bottom - bounds.top,
    };
    const { x, y, width, height } = rect;
    context.drawImage(this.#context.canvas, x, y, width, height, x, y, width, height);
  }
}
