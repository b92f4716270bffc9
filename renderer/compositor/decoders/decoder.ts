/**
 * Payload of a frame message to RGBA, in WebAssembly memory: [payload, at most 1 MiB][one decoded rectangle].
 * Trusts nothing that the payload says.
 */
import { MAX_AREA_PX, MAX_MESSAGE_BYTES } from "#shared/protocol/limits.ts";

interface Exports {
  memory: WebAssembly.Memory;
  heapBase(): number;
  lz4Decode(source: number, sourceSize: number, target: number, targetSize: number): number;
  swizzleOpaque(at: number, size: number): void;
  swizzlePremultiplied(at: number, size: number): void;
}

/** As in assembly/index.ts: vector copies may run over a region's end by less than this. */
const PADDING_BYTES = 64;
const PAGE_BYTES = 65_536;
/** Room for a decoded rectangle from the start on: a whole frame of 2048x1024. Larger ones grow the memory, once. */
const FIRST_TARGET_BYTES = 8 * 1024 * 1024;

export class Decoder {
  readonly #wasm: Exports;
  readonly #source: number;
  readonly #target: number;
  #targetBytes = 0;
  #payloadBytes = 0;

  constructor(wasm: WebAssembly.Instance) {
    this.#wasm = wasm.exports as unknown as Exports;
    this.#source = alignUp(this.#wasm.heapBase(), 64);
    this.#target = alignUp(this.#source + MAX_MESSAGE_BYTES + PADDING_BYTES, 64);
    this.#reserve(FIRST_TARGET_BYTES);
  }

  static async create(wasm: BufferSource): Promise<Decoder> {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Decoder(instance);
  }

  /** Takes a payload in; false = too long. Offsets of `decode` count from its beginning. */
  load(untrustedPayload: Uint8Array): boolean {
    if (untrustedPayload.length > MAX_MESSAGE_BYTES) return false;
    new Uint8Array(this.#wasm.memory.buffer, this.#source, untrustedPayload.length).set(untrustedPayload);
    this.#payloadBytes = untrustedPayload.length;
    return true;
  }

  /**
   * RGBA, not premultiplied, of one rectangle of `area` pixels at [offset, offset + size) of the payload; null where it does
   * not decode to precisely that. Borrowed until the next call; a part of the payload can be decoded once (raw: in place).
   */
  decode(
    offset: number,
    size: number,
    area: number,
    encoding: "raw" | "lz4",
    isOpaque: boolean,
  ): Uint8ClampedArray<ArrayBuffer> | null {
    const bytes = area * 4;
    if (offset < 0 || size < 0 || offset + size > this.#payloadBytes) return null;
    if (!(area >= 1 && area <= MAX_AREA_PX)) return null;
    let at = this.#source + offset;
    if (encoding === "lz4") {
      this.#reserve(bytes);
      if (this.#wasm.lz4Decode(at, size, this.#target, bytes) === 0) return null;
      at = this.#target;
    } else if (size !== bytes) {
      return null;
    }
    if (isOpaque) this.#wasm.swizzleOpaque(at, bytes);
    else this.#wasm.swizzlePremultiplied(at, bytes);
    // memory.grow detaches all views, so that each is made anew.
    return new Uint8ClampedArray(this.#wasm.memory.buffer, at, bytes);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#targetBytes) return;
    const missing = this.#target + bytes + PADDING_BYTES - this.#wasm.memory.buffer.byteLength;
    if (missing > 0) this.#wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#targetBytes = bytes;
  }
}

function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
