/** Draws the rectangles of a frame's messages on a canvas. Trusts nothing that a payload says. */
import type { DamageRect, FrameMessage } from "#shared/model/frame.ts";
import type { Decoder } from "../decoders/decoder.ts";

/** Messages of one serial; the last one has `last`. */
export type WholeFrame = [FrameMessage, ...FrameMessage[]];

/** Where drawing has come to within a message: the next rectangle, and where its bytes begin in the payload. */
export interface PaintPosition {
  rect: number;
  offset: number;
}

export const PAINT_BEGIN: Readonly<PaintPosition> = { rect: 0, offset: 0 };

/**
 * Draws what of `part` is left at `from`, until all is drawn or `isTimeUp` says so, which is asked after each rectangle.
 * Returns null when all is drawn, where it has come to otherwise; a text: the frame does not decode.
 */
export function paint(
  context: OffscreenCanvasRenderingContext2D,
  { payload, damage, opaque }: FrameMessage,
  decoder: Decoder,
  from: Readonly<PaintPosition> = PAINT_BEGIN,
  isTimeUp: (() => boolean) | null = null,
): PaintPosition | string | null {
  if (!decoder.load(payload)) return `a payload of ${payload.length} bytes`;
  let { offset } = from;
  for (let at = from.rect; at < damage.length; at += 1) {
    const rect = damage[at];
    if (rect === undefined) break;
    if (!paintRect(context, rect, offset, opaque, decoder))
      return `a rectangle of ${rect.width}x${rect.height} does not decode from ${rect.size} bytes`;
    offset += rect.size;
    if (isTimeUp !== null && at + 1 < damage.length && isTimeUp()) return { rect: at + 1, offset };
  }
  return null;
}

function paintRect(
  context: OffscreenCanvasRenderingContext2D,
  { x, y, width, height, encoding, size }: DamageRect,
  offset: number,
  isOpaque: boolean,
  decoder: Decoder,
): boolean {
  const isSolid = encoding === "solid";
  const area = isSolid ? 1 : width * height;
  const pixels = decoder.decode(offset, size, area, isSolid ? "raw" : encoding, isOpaque);
  if (pixels === null) return false;
  if (isSolid) fill(context, pixels, x, y, width, height);
  else context.putImageData(new ImageData(pixels, width, height), x, y);
  return true;
}

/** @param pixel R G B A, not premultiplied */
function fill(
  context: OffscreenCanvasRenderingContext2D,
  pixel: Uint8ClampedArray,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  // It takes the place of what is there, also where it is translucent.
  if (pixel[3] !== 255) context.clearRect(x, y, width, height);
  context.fillStyle = `#${Array.from(pixel, (value) => value.toString(16).padStart(2, "0")).join("")}`;
  context.fillRect(x, y, width, height);
}
