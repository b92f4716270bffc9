/** One surface: its canvas, the pictures that wait for it, the credits that it is owed. */
import type { FrameMessage } from "#shared/ipc/link-port.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import type { Picture } from "./messages.ts";

/** Messages of one serial; the last one has `last`. */
export type WholePicture = [FrameMessage, ...FrameMessage[]];

export type DrawResult = { ok: true; changed: Picture | null } | { ok: false; detail: string };

export class SurfaceCanvas {
  readonly id: SurfaceId;
  readonly canvas: OffscreenCanvas;
  isVisible = true;
  /** Pictures that were drawn and not yet paid for. */
  owedCredits = 0;
  shown: Picture | null = null;
  readonly #context: OffscreenCanvasRenderingContext2D;
  #parts: FrameMessage[] = [];

  constructor(id: SurfaceId, canvas: OffscreenCanvas) {
    this.id = id;
    this.canvas = canvas;
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("a canvas without a 2d context");
    this.#context = context;
  }

  /** Takes a message; returns the picture when it is the last one of it. */
  take(message: FrameMessage): WholePicture | null {
    this.#parts.push(message);
    if (!message.last) return null;
    const parts = this.#parts as WholePicture;
    this.#parts = [];
    return parts;
  }

  /** Draws all of a picture in this task: an `await` between rectangles would show half of it. */
  draw(parts: WholePicture, decoder: Decoder): DrawResult {
    const [first] = parts;
    const { canvas } = this;
    // Setting a side clears the canvas: the first picture of a new size covers all of it.
    if (canvas.width !== first.width || canvas.height !== first.height) {
      canvas.width = first.width;
      canvas.height = first.height;
    }
    for (const part of parts) {
      if (!decoder.load(part.payload)) return { ok: false, detail: `a payload of ${part.payload.length} bytes` };
      let offset = 0;
      for (const { x, y, width, height, lz4, size } of part.damage) {
        const pixels = decoder.decode(offset, size, width * height, lz4, part.opaque);
        if (pixels === null)
          return { ok: false, detail: `a rectangle of ${width}x${height} does not decode from ${size} bytes` };
        this.#context.putImageData(new ImageData(pixels, width, height), x, y);
        offset += size;
      }
    }
    this.owedCredits += 1;
    return { ok: true, changed: this.#show(first) };
  }

  #show(frame: FrameMessage): Picture | null {
    const before = this.shown;
    const { serial, width, height, scale, logicalWidth, logicalHeight, geometry, configureSerial } = frame;
    const now: Picture = { serial, width, height, scale, logicalWidth, logicalHeight, geometry, configureSerial };
    this.shown = now;
    return before !== null && looksAlike(before, now) ? null : now;
  }
}

function looksAlike(a: Picture, b: Picture): boolean {
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
