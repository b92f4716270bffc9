/** Main's end of a VM's streams: what it reads and writes itself, and the joints that it has made (which it only counts). */
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { type StreamEvent, type StreamOrder, STREAMS } from "../../link/contracts/streams.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

/** Bytes that the link may hold of one stream until the guest gives credit. */
const WRITE_WINDOW_BYTES = MAX_STREAM_CREDIT_BYTES;

export interface StreamReader {
  data(bytes: Uint8Array): void;
  /** The last call; it does not come when the link is lost. */
  ended(aborted: boolean): void;
}

export interface JointReporter {
  progress(bytes: number): void;
  /** The last call. null: the link is gone. */
  parted(end: { bytes: number; aborted: boolean } | null): void;
}

type Holder =
  | { kind: "reader"; reader: StreamReader }
  | { kind: "writer"; writer: OutgoingStream }
  | { kind: "joint"; reporter: JointReporter };

export class Streams implements ServiceClient<StreamEvent> {
  readonly #context: ClientContext<StreamOrder>;
  readonly #holders = new Map<number, Holder>();

  constructor(context: ClientContext<StreamOrder>) {
    this.#context = context;
  }

  /** Reads a stream of the guest's: `credit` bytes may come at first. */
  read(stream: number, credit: number, reader: StreamReader): void {
    this.#holders.set(stream, { kind: "reader", reader });
    this.grant(stream, credit);
  }

  /** The reader has taken so many bytes: as many more may come. */
  grant(stream: number, bytes: number): void {
    this.#context.sendIfLinked({ type: "grant", stream, bytes });
  }

  /** Writes a stream that the guest reads. */
  write(stream: number): OutgoingStream {
    const writer = new OutgoingStream(
      (bytes) => this.#context.sendIfLinked({ type: "write", stream, bytes }),
      () => this.#context.sendIfLinked({ type: "end", stream }),
    );
    this.#holders.set(stream, { kind: "writer", writer });
    return writer;
  }

  /**
   * Joins a stream that this guest writes with one that another guest reads: their links have a port between them, and
   * the bytes go there. @throws AppError vm.not-running
   */
  join(
    stream: number,
    reporter: JointReporter,
    other: Streams,
    othersStream: number,
    othersReporter: JointReporter,
  ): void {
    const [service, join] = [STREAMS.name, "join" as const];
    const order = (joined: number): { type: "order"; service: string; order: StreamOrder } => ({
      type: "order",
      service,
      order: { type: join, stream: joined },
    });
    this.#context.link().connect(order(stream), other.#context.link(), order(othersStream));
    this.#holders.set(stream, { kind: "joint", reporter });
    other.#holders.set(othersStream, { kind: "joint", reporter: othersReporter });
  }

  /** Ends the joint that this stream is in, for both VMs. */
  part(stream: number): void {
    this.#context.sendIfLinked({ type: "part", stream });
  }

  happened(event: StreamEvent): void {
    const holder = this.#holders.get(event.stream);
    if (event.type === "ended" || event.type === "stopped" || event.type === "parted")
      this.#holders.delete(event.stream);
    if (holder?.kind === "reader") {
      if (event.type === "data") holder.reader.data(event.bytes);
      else if (event.type === "ended") holder.reader.ended(event.aborted);
    } else if (holder?.kind === "writer") {
      if (event.type === "taken") holder.writer.taken(event.bytes);
      else if (event.type === "stopped") holder.writer.stopped();
    } else if (holder?.kind === "joint") {
      if (event.type === "progress") holder.reporter.progress(event.bytes);
      else if (event.type === "parted") holder.reporter.parted({ bytes: event.bytes, aborted: event.aborted });
    }
  }

  closed(): void {
    const holders = [...this.#holders.values()];
    this.#holders.clear();
    for (const holder of holders) {
      if (holder.kind === "writer") holder.writer.stopped();
      else if (holder.kind === "joint") holder.reporter.parted(null);
    }
  }
}

/** Bytes for the guest, in pieces and no faster than it takes them. */
export class OutgoingStream {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #sendEnd: () => void;
  readonly #chunks: Uint8Array[] = [];
  /** Those who wait until so many bytes are on their way to the guest. */
  readonly #writers: { until: number; resolve(): void }[] = [];
  #written = 0;
  #sent = 0;
  #taken = 0;
  #isEnding = false;
  #isEndSent = false;

  constructor(send: (bytes: Uint8Array) => void, sendEnd: () => void) {
    this.#send = send;
    this.#sendEnd = sendEnd;
  }

  /** Resolves when all of it is on its way to the guest, or nothing more can be. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#isEnding || bytes.length === 0) return Promise.resolve();
    for (let at = 0; at < bytes.length; at += MAX_STREAM_CHUNK_BYTES)
      this.#chunks.push(bytes.subarray(at, at + MAX_STREAM_CHUNK_BYTES));
    this.#written += bytes.length;
    const until = this.#written;
    return new Promise((resolve) => {
      this.#writers.push({ until, resolve });
      this.#pump();
    });
  }

  /** Ends the stream when all that was written has gone. */
  end(): void {
    this.#isEnding = true;
    this.#pump();
  }

  taken(bytes: number): void {
    this.#taken += bytes;
    while (this.#writers[0] !== undefined && this.#writers[0].until <= this.#taken) this.#writers.shift()?.resolve();
    this.#pump();
  }

  /** Nothing more can be written. */
  stopped(): void {
    this.#isEnding = true;
    this.#isEndSent = true;
    this.#chunks.length = 0;
    for (const writer of this.#writers.splice(0)) writer.resolve();
  }

  #pump(): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      if (this.#sent - this.#taken + chunk.length > WRITE_WINDOW_BYTES) return;
      this.#chunks.shift();
      this.#sent += chunk.length;
      this.#send(chunk);
    }
    if (!this.#isEnding || this.#isEndSent) return;
    this.#isEndSent = true;
    this.#sendEnd();
  }
}

export const streams = serviceClient(STREAMS, (context) => new Streams(context));
