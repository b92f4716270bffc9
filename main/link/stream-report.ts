/**
 * Reports the bytes of streams to main. What comes within a few milliseconds is put together, so that main has a bounded
 * number of events however small the pieces are in which a guest writes or reads; what comes after a rest is reported at once.
 * The order of pieces is kept, also among streams, as long as they do not alternate all the time.
 */

/** Nobody at a terminal notices it. */
const WINDOW_MS = 4;
/** With so many bytes nothing waits for the window's end. */
const MAX_WAITING_BYTES = 64 * 1024;
/** Pieces that are reported one by one in a window of time, at most; what follows them is put together stream by stream. */
const MAX_PIECES = 8;

export interface StreamReportListener {
  data(stream: number, bytes: Uint8Array): void;
  taken(stream: number, bytes: number): void;
}

export class StreamReport {
  readonly #listener: StreamReportListener;
  #data: { stream: number; chunks: Uint8Array[] }[] = [];
  #taken = new Map<number, number>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(listener: StreamReportListener) {
    this.#listener = listener;
  }

  /** The guest wrote them. */
  data(stream: number, bytes: Uint8Array): void {
    const last = this.#data.at(-1);
    // Each stream's own bytes stay in order: they go behind the newest of them.
    const before = this.#data.length < MAX_PIECES ? last : this.#data.findLast((piece) => piece.stream === stream);
    if (before?.stream === stream) before.chunks.push(bytes);
    else this.#data.push({ stream, chunks: [bytes] });
    this.#happened(bytes.length);
  }

  /** So many bytes are on their way to the guest. */
  taken(stream: number, bytes: number): void {
    this.#taken.set(stream, (this.#taken.get(stream) ?? 0) + bytes);
    this.#happened(bytes);
  }

  /** Reports what waits. Call it before anything else is reported of a stream. */
  flush(): void {
    const [data, taken] = [this.#data, this.#taken];
    this.#waitingBytes = 0;
    if (data.length > 0) {
      this.#data = [];
      for (const { stream, chunks } of data) this.#listener.data(stream, joined(chunks));
    }
    if (taken.size > 0) {
      this.#taken = new Map();
      for (const [stream, bytes] of taken) this.#listener.taken(stream, bytes);
    }
  }

  /** The last call. */
  end(): void {
    this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #happened(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#timer === null) this.#open();
    else if (this.#waitingBytes >= MAX_WAITING_BYTES) this.flush();
  }

  #open(): void {
    this.flush();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#waitingBytes > 0) this.#open();
    }, WINDOW_MS);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}
