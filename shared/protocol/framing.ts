/**
 * Framing: bytes in, messages out, and back. No I/O. What a header means is session.ts's business.
 *
 * The states of a port, as the host sees it:
 *   opening  - the host has sent MAGIC + epoch; everything is discarded until the same bytes come back (an earlier
 *              session may have left half a message in the port);
 *   messages - u32 length | u32 header length | header | payload, little endian, `length` counts what follows it;
 *   broken   - after the first error; nothing more is read.
 */
import { EPOCH_BYTES, MAX_DISCARDED_BYTES, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";

/** Read as a length it is above the limit, so at a message boundary it can never be taken for a message. */
export const MAGIC = Uint8Array.from([0x41, 0x54, 0x4f, 0x4c, 0x4c, 0x01, 0x0d, 0x0a]); // "ATOLL\x01\r\n"

export type FramingErrorCode = "length-too-small" | "length-too-large" | "header-too-large" | "no-echo";

export interface RawMessage {
  /** Owned by the receiver. */
  header: Uint8Array;
  /** Owned by the receiver: a buffer of its own. */
  payload: Uint8Array;
}

export type ReadResult = { ok: true } | { ok: false; error: FramingErrorCode };

/** What the host sends to open a port. */
export function opening(epoch: Uint8Array): Uint8Array {
  if (epoch.length !== EPOCH_BYTES) throw new RangeError(`an epoch has ${EPOCH_BYTES} bytes, not ${epoch.length}`);
  const bytes = new Uint8Array(MAGIC.length + EPOCH_BYTES);
  bytes.set(MAGIC);
  bytes.set(epoch, MAGIC.length);
  return bytes;
}

const NO_BYTES = new Uint8Array(0);

/** A whole message, ready for the port. Throws RangeError where it would be over the limits: that is our own mistake. */
export function encodeMessage(header: Uint8Array, payload: Uint8Array = NO_BYTES): Uint8Array {
  const length = 4 + header.length + payload.length;
  if (header.length === 0 || header.length > MAX_HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`message over the limits: header ${header.length}, payload ${payload.length} bytes`);
  }
  const bytes = new Uint8Array(4 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, header.length, true);
  bytes.set(header, 8);
  bytes.set(payload, 8 + header.length);
  return bytes;
}

/**
 * Finds the echo of an opening in a stream. `search` returns the offset behind the echo within `chunk`, "more" while it has
 * not been seen, or "no-echo" when more than MAX_DISCARDED_BYTES went by.
 */
export class EchoFinder {
  readonly #wanted: Uint8Array;
  /** How many bytes of #wanted the stream's end matches. */
  #matched = 0;
  #discarded = 0;

  constructor(epoch: Uint8Array) {
    this.#wanted = opening(epoch);
  }

  search(chunk: Uint8Array): number | "more" | "no-echo" {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      while (this.#matched > 0 && byte !== this.#wanted[this.#matched]) this.#matched = this.#borderOf(this.#matched);
      if (byte === this.#wanted[this.#matched]) this.#matched += 1;
      if (this.#matched === this.#wanted.length) return at + 1;
    }
    this.#discarded += chunk.length;
    return this.#discarded > MAX_DISCARDED_BYTES ? "no-echo" : "more";
  }

  /** Longest proper prefix of #wanted that is also a suffix of its first `length` bytes (Knuth, Morris, Pratt). */
  #borderOf(length: number): number {
    for (let border = length - 1; border > 0; border -= 1) {
      let equal = true;
      for (let i = 0; i < border && equal; i += 1) equal = this.#wanted[i] === this.#wanted[length - border + i];
      if (equal) return border;
    }
    return 0;
  }
}

/** Reads messages from a stream of chunks that may be split anywhere. */
export class MessageReader {
  readonly #prefix = new Uint8Array(8);
  readonly #prefixView = new DataView(this.#prefix.buffer);
  #prefixFilled = 0;
  #header = NO_BYTES;
  #headerFilled = 0;
  #payload = NO_BYTES;
  #payloadFilled = 0;
  #error: FramingErrorCode | null = null;

  /** Whether a message has begun and is not complete. */
  get isPartial(): boolean {
    return this.#prefixFilled > 0;
  }

  /**
   * Reads `chunk` (borrowed for the call) and hands over each message that is complete, in order. After an error the
   * reader stays broken and returns the same error.
   */
  read(chunk: Uint8Array, onMessage: (message: RawMessage) => void): ReadResult {
    let at = 0;
    while (this.#error === null && at < chunk.length) {
      if (this.#prefixFilled < 8) {
        const taken = copy(chunk, at, this.#prefix, this.#prefixFilled);
        at += taken;
        this.#prefixFilled += taken;
        this.#checkPrefix();
      } else if (this.#headerFilled < this.#header.length) {
        const taken = copy(chunk, at, this.#header, this.#headerFilled);
        at += taken;
        this.#headerFilled += taken;
      } else {
        const taken = copy(chunk, at, this.#payload, this.#payloadFilled);
        at += taken;
        this.#payloadFilled += taken;
      }
      if (this.#isComplete()) {
        const message = { header: this.#header, payload: this.#payload };
        this.#begin();
        onMessage(message);
      }
    }
    return this.#error === null ? { ok: true } : { ok: false, error: this.#error };
  }

  /** Checks each length as soon as its bytes are there, and allocates only after both were. */
  #checkPrefix(): void {
    if (this.#prefixFilled < 4) return;
    const length = this.#prefixView.getUint32(0, true);
    if (length > MAX_MESSAGE_BYTES) this.#error = "length-too-large";
    else if (length < 4) this.#error = "length-too-small";
    if (this.#error !== null || this.#prefixFilled < 8) return;
    const headerLength = this.#prefixView.getUint32(4, true);
    if (headerLength > MAX_HEADER_BYTES || headerLength > length - 4) this.#error = "header-too-large";
    if (this.#error !== null) return;
    this.#header = new Uint8Array(headerLength);
    this.#payload = length - 4 === headerLength ? NO_BYTES : new Uint8Array(length - 4 - headerLength);
  }

  #isComplete(): boolean {
    return (
      this.#error === null &&
      this.#prefixFilled === 8 &&
      this.#headerFilled === this.#header.length &&
      this.#payloadFilled === this.#payload.length
    );
  }

  #begin(): void {
    this.#prefixFilled = 0;
    this.#header = NO_BYTES;
    this.#headerFilled = 0;
    this.#payload = NO_BYTES;
    this.#payloadFilled = 0;
  }
}

/** Copies as much of `from` (from `at`) as fits into `to` (from `filled`); returns the count of bytes. */
function copy(from: Uint8Array, at: number, to: Uint8Array, filled: number): number {
  const taken = Math.min(from.length - at, to.length - filled);
  to.set(taken === from.length ? from : from.subarray(at, at + taken), filled);
  return taken;
}
