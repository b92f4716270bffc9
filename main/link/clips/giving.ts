/**
 * Content of a clip that this guest reads: what comes by a port, through the filter of its type. Credit goes the other way:
 * as much as the guest has given, less what waits here, so that what the filter takes out does not stop the rest.
 */
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import type { TransferOutcome } from "../contracts/clipboard.ts";
import { type FromWriter, fromWriterSchema, JointPort } from "../joint.ts";
import type { MessagePortLike } from "../message-port.ts";
import type { StreamEndpoint } from "../stream-endpoint.ts";
import type { ClipFilter, Filtered } from "./filter.ts";

/** A little longer than a source may stall (buffered-reading.ts), so that its own link says first what is wrong. */
export const GIVING_STALL_MS = 20_000;
/**
 * Less is given only to a writer that has none: credit comes back message by message, so that each small part of it would be a
 * small message for good, on all of its way.
 */
const MIN_GRANT_BYTES = 32 * 1024;

export interface GivingStream {
  /** That the agent has given and that is not used up, bytes. */
  credit(): number;
  /** Returns how many bytes the credit allowed. */
  write(bytes: Uint8Array): number;
  end(aborted: boolean): void;
}

export interface GivingOptions {
  filter: ClipFilter;
  /** Bytes that may wait for the filter's end beyond what the guest has asked for. */
  waitingBytes: number;
  stream: GivingStream;
  /** The last call. `bytes`: that have gone to the guest. */
  ended(bytes: number, outcome: TransferOutcome): void;
}

export class Giving implements StreamEndpoint {
  readonly #options: GivingOptions;
  readonly #port: JointPort<FromWriter>;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** That the writer may still send. */
  #granted = 0;
  #bytes = 0;
  #isEnding = false;
  #isOver = false;
  #stall: NodeJS.Timeout | undefined;

  constructor(port: MessagePortLike, options: GivingOptions) {
    this.#options = options;
    this.#port = new JointPort(
      port,
      fromWriterSchema,
      { progress: () => undefined, parted: () => undefined },
      (message) => this.#receive(message),
      () => this.#end("source"),
    );
    this.#watch();
    this.#pump();
  }

  credited(): void {
    this.#watch();
    this.#pump();
  }

  stopped(): void {
    this.#end("target");
  }

  cancel(): void {
    this.#end("cancelled");
  }

  /** The channels are closed. */
  lost(): void {
    this.#end("target");
  }

  #receive(message: FromWriter): void {
    if (this.#isOver) return;
    if (message.type === "end") {
      if (message.aborted) return this.#end("source");
      this.#isEnding = true;
      return this.#filtered(this.#options.filter.end());
    }
    this.#granted -= message.bytes.length;
    // More than was asked for.
    if (this.#granted < 0 || this.#isEnding) return this.#end("source");
    this.#filtered(this.#options.filter.push(message.bytes));
  }

  #filtered(result: Filtered): void {
    if (!result.ok) return this.#end(result.by);
    if (result.bytes.length > 0) this.#queue.push(result.bytes);
    this.#queuedBytes += result.bytes.length;
    this.#watch();
    this.#pump();
  }

  #pump(): void {
    if (this.#isOver) return;
    const { filter, stream, waitingBytes } = this.#options;
    for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
      const written = stream.write(chunk);
      if (written === 0) break;
      if (written === chunk.length) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(written);
      this.#queuedBytes -= written;
      this.#bytes += written;
    }
    if (this.#isEnding) {
      if (this.#queue.length === 0) this.#end("complete");
      return;
    }
    const room = stream.credit() + waitingBytes - this.#queuedBytes - filter.heldBytes - this.#granted;
    const more = Math.min(room, MAX_STREAM_CREDIT_BYTES - this.#granted);
    if (more < (this.#granted === 0 ? 1 : MIN_GRANT_BYTES)) return;
    this.#granted += more;
    this.#port.say({ type: "credit", bytes: more });
  }

  /** Begins to wait anew: for the writer where it may send, else for the guest. */
  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#isOver) return;
    this.#stall = setTimeout(() => {
      const isGuestAwaited = this.#queuedBytes > 0 || this.#granted === 0;
      this.#end(isGuestAwaited ? "target" : "source");
    }, GIVING_STALL_MS);
  }

  #end(outcome: TransferOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#stall);
    this.#queue.length = 0;
    const aborted = outcome !== "complete";
    this.#port.over(aborted, aborted ? { type: "stop" } : null);
    this.#options.stream.end(aborted);
    this.#options.ended(this.#bytes, outcome);
  }
}
