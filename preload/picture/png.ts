/**
 * Writes a picture as PNG, 8 bits a channel, piece by piece as it is compressed: what is ready is on its way while the rest is
 * still worked on. A canvas gives its PNG whole, and an opaque one with a fourth channel that says nothing.
 */
import { joined } from "./joined.ts";

/** Rows that are worked on at once. */
const STRIP_ROWS = 32;
/** Data of one chunk, unless the compressor gives more at once: a stream takes pieces of 64 KiB. */
const CHUNK_BYTES = 48 * 1024;
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const RGB = 2;
const RGBA = 6;
/** Each byte of a row is what it adds to the same channel of the pixel before. */
const FILTER_SUB = 1;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, not premultiplied, of so many rows from `top` on. */
  rows(top: number, count: number): Uint8ClampedArray<ArrayBuffer>;
}

/** The pieces of the file, in their order. */
export async function* pngOf(pixels: Pixels): AsyncGenerator<Uint8Array> {
  const hasAlpha = !isOpaque(pixels);
  yield beginning(pixels, hasAlpha ? RGBA : RGB);
  const compressor = new CompressionStream("deflate");
  const writer = compressor.writable.getWriter();
  // The reader hears of a failure.
  const written = write(pixels, hasAlpha, writer).catch((cause: unknown) => writer.abort(cause));
  const reader = compressor.readable.getReader();
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    waiting.push(next.value);
    waitingBytes += next.value.length;
    if (waitingBytes < CHUNK_BYTES) continue;
    yield chunk("IDAT", waiting);
    [waiting, waitingBytes] = [[], 0];
  }
  await written;
  yield chunk("IDAT", waiting);
  yield chunk("IEND", []);
}

function* strips(pixels: Pixels): Generator<Uint8ClampedArray<ArrayBuffer>> {
  for (let top = 0; top < pixels.height; top += STRIP_ROWS)
    yield pixels.rows(top, Math.min(STRIP_ROWS, pixels.height - top));
}

function isOpaque(pixels: Pixels): boolean {
  for (const rgba of strips(pixels)) {
    for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 0xff) return false;
  }
  return true;
}

async function write(
  pixels: Pixels,
  hasAlpha: boolean,
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  for (const rgba of strips(pixels)) await writer.write(filtered(rgba, pixels.width, hasAlpha ? 4 : 3));
  await writer.close();
}

function filtered(rgba: Uint8ClampedArray, width: number, channels: 3 | 4): Uint8Array<ArrayBuffer> {
  const height = rgba.length / 4 / width;
  const out = new Uint8Array(height * (1 + width * channels));
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    out[to++] = FILTER_SUB;
    const first = row * width * 4;
    for (let at = first; at < first + width * 4; at += 1) {
      if (channels === 3 && (at & 3) === 3) continue;
      out[to++] = (rgba[at] ?? 0) - (at < first + 4 ? 0 : (rgba[at - 4] ?? 0));
    }
  }
  return out;
}

function beginning({ width, height }: Pixels, colourType: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourType], 8);
  return joined([SIGNATURE, chunk("IHDR", [header])]);
}

function chunk(name: string, data: readonly Uint8Array[]): Uint8Array {
  const bytes = joined([new Uint8Array(4), new TextEncoder().encode(name), ...data, new Uint8Array(4)]);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 12);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(4, -4)));
  return bytes;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) crc = (CRC_TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
