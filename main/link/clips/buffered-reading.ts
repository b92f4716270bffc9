/**
 * Content of a clip that this guest writes, from the moment that it is asked for. What comes waits here, in small part,
 * until main has decided where it goes: then it goes there by a port, the waiting part first, as its reader gives credit.
 *
 *   waiting --deliver()--> going --all has gone--> over (complete)
 *   any --the guest gives up, stalls or says too much; the reader wants no more; cancel()--> over
 */
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import type { TransferOutcome } from "../contracts/clipboard.ts";
import { type FromReader, fromReaderSchema, JointPort } from "../joint.ts";
import type { MessagePortLike } from "../message-port.ts";
import type { StreamEndpoint } from "../stream-endpoint.ts";

/** What waits here before its reader asks, bytes. */
export const BUFFER_BYTES = 256 * 1024;
/** How much of the beginning main is shown, bytes. */
export const HEAD_BYTES = 4096;
/** Longest until the first byte, and between two of them while more may come, ms. */
export const FIRST_BYTE_MS = 5_000;
export const STALL_MS = 15_000;
/** Progress is reported at most this often. */
const PROGRESS_MS = 100;
/** Less credit than this is given only to an agent that has none. */
const MIN_GRANT_BYTES = 32 * 1024;

export interface ReadingListener {
  progress(bytes: number, head: Uint8Array | null, isComplete: boolean): void;
  /** The last call. */
  ended(bytes: number, outcome: TransferOutcome): void;
}

export class BufferedReading implements StreamEndpoint {
  readonly #maxBytes: number;
  readonly #stream: { grant(bytes: number): number; stop(): void };
  readonly #listener: ReadingListener;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** That the guest may still send. */
  #granted = 0;
  #bytes = 0;
  #head = new Uint8Array(0);
  #sentHeadBytes = 0;
  #isComplete = false;
  #isOver = false;
  #port: JointPort<FromReader> | null = null;
  /** That the reader has asked for. */
  #credit = 0;
  #stall: NodeJS.Timeout | undefined;
  #report: NodeJS.Timeout | undefined;

  /** `grant` gives credit to the agent, and returns how much of it; `stop` notifies the agent that no more is wanted. */
  constructor(maxBytes: number, listener: ReadingListener, stream: { grant(bytes: number): number; stop(): void }) {
    this.#maxBytes = maxBytes;
    this.#listener = listener;
    this.#stream = stream;
  }

  /** The message that begins the stream has gone. */
  begin(): void {
    this.#extend();
  }

  data(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#granted -= bytes.length;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) return this.#end("size");
    if (this.#head.length < HEAD_BYTES)
      this.#head = Uint8Array.from([...this.#head, ...bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#watch();
    this.#pump();
    this.#reportSoon();
  }

  ended(aborted: boolean): void {
    if (this.#isOver) return;
    if (aborted) return this.#end("source");
    this.#isComplete = true;
    this.#granted = 0;
    this.#watch();
    clearTimeout(this.#report);
    this.#tell();
    this.#pump();
  }

  get isDelivered(): boolean {
    return this.#port !== null;
  }

  /** Once. */
  deliver(port: MessagePortLike): void {
    if (this.#isOver || this.isDelivered) return port.close();
    this.#port = new JointPort(
      port,
      fromReaderSchema,
      { progress: () => undefined, parted: () => undefined },
      (message) => this.#receive(message),
      () => this.#end("target"),
    );
    this.#pump();
  }

  cancel(): void {
    this.#end("cancelled");
  }

  /** The channels are closed. */
  lost(): void {
    this.#end("source");
  }

  #receive(message: FromReader): void {
    if (message.type === "stop") return this.#end("target");
    this.#credit += message.bytes;
    // An honest link passes on what its agent gave: never more than a stream may have.
    if (this.#credit > MAX_STREAM_CREDIT_BYTES) return this.#end("target");
    this.#pump();
  }

  #pump(): void {
    const port = this.#port;
    if (port !== null) this.#sendTo(port);
    if (this.#isComplete && port !== null && this.#waiting.length === 0) return this.#end("complete");
    this.#extend();
  }

  /** What waits, as far as its reader has asked for it. */
  #sendTo(port: JointPort<FromReader>): void {
    for (let chunk = this.#waiting[0]; chunk !== undefined && this.#credit > 0; chunk = this.#waiting[0]) {
      const isWhole = chunk.length <= this.#credit;
      // A copy: with a part of a buffer the whole of it would be sent.
      const bytes = isWhole ? chunk : new Uint8Array(chunk.subarray(0, this.#credit));
      if (isWhole) this.#waiting.shift();
      else this.#waiting[0] = chunk.subarray(bytes.length);
      this.#credit -= bytes.length;
      this.#waitingBytes -= bytes.length;
      port.say({ type: "data", bytes });
    }
  }

  /** More may come, as far as there is room for it. */
  #extend(): void {
    if (this.#isComplete || this.#isOver) return;
    const room = this.#credit + BUFFER_BYTES - this.#waitingBytes - this.#granted;
    if (room < (this.#granted === 0 ? 1 : MIN_GRANT_BYTES)) return;
    const wasWaiting = this.#granted > 0;
    this.#granted += this.#stream.grant(room);
    if (!wasWaiting) this.#watch();
  }

  /** Begins to wait for the guest anew, if anything is awaited of it. */
  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#granted === 0) return;
    this.#stall = setTimeout(() => this.#end("source"), this.#bytes === 0 ? FIRST_BYTE_MS : STALL_MS);
  }

  #reportSoon(): void {
    // What was passed on can have ended it.
    if (this.#isOver) return;
    this.#report ??= setTimeout(() => {
      this.#report = undefined;
      this.#tell();
    }, PROGRESS_MS);
  }

  #tell(): void {
    const isHeadNew = this.#head.length > this.#sentHeadBytes;
    this.#sentHeadBytes = this.#head.length;
    this.#listener.progress(this.#bytes, isHeadNew ? this.#head : null, this.#isComplete);
  }

  #end(outcome: TransferOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#stall);
    clearTimeout(this.#report);
    this.#waiting.length = 0;
    if (!this.#isComplete) this.#stream.stop();
    const aborted = outcome !== "complete";
    this.#port?.over(aborted, { type: "end", aborted });
    this.#listener.ended(this.#bytes, outcome);
  }
}
