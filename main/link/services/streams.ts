/**
 * The streams of one VM. What may come and go is said by shared/protocol/streams.ts; where it goes, by the stream's
 * endpoint: main, unless main joins the stream with another VM's or a service of this link takes it.
 */
import { BULK, withPayload } from "#shared/protocol/routes.ts";
import { StreamTable } from "#shared/protocol/streams.ts";
import { type StreamEvent, type StreamOrder, STREAMS } from "../contracts/streams.ts";
import { type JointEndpoint, ReaderJoint, WriterJoint } from "../joint.ts";
import type { MessagePortLike } from "../message-port.ts";
import { OutgoingQueue } from "../outgoing-queue.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";
import { StreamReport } from "../stream-report.ts";
import type { StreamEndpoint } from "../stream-endpoint.ts";

type Messages = "streamData" | "streamEnd" | "streamCredit";

export class Streams implements LinkService<Messages, StreamOrder> {
  readonly table: StreamTable;
  readonly #context: LinkContext<Messages, StreamEvent>;
  readonly #endpoints = new Map<number, StreamEndpoint>();
  readonly #outgoing = new Map<number, OutgoingQueue>();
  readonly #joints = new Map<number, JointEndpoint>();
  readonly #report: StreamReport;

  constructor(context: LinkContext<Messages, StreamEvent>) {
    this.#context = context;
    this.#report = new StreamReport({
      data: (stream, bytes) => context.emit({ type: "data", stream, bytes }),
      taken: (stream, bytes) => context.emit({ type: "taken", stream, bytes }),
    });
    this.table = new StreamTable((stream, writer) => {
      // What began the stream is over.
      const endpoint = this.#endpointOf(stream);
      this.#forget(stream);
      if (writer === "agent") endpoint.ended?.(true);
      else endpoint.stopped?.();
    });
  }

  readonly messages: LinkService<Messages>["messages"] = {
    streamData: ({ stream }, payload) => {
      if (this.table.acceptData(stream, payload)) this.#endpointOf(stream).data?.(payload);
    },
    streamEnd: ({ stream, aborted }) => {
      const end = this.table.acceptEnd(stream, aborted);
      if (end === null) return;
      const endpoint = this.#endpointOf(stream);
      if (end.type === "ended") {
        this.#forget(stream);
        endpoint.ended?.(end.aborted);
      } else {
        this.end(stream, true);
        endpoint.stopped?.();
      }
    },
    streamCredit: ({ stream, bytes }) => {
      if (this.table.acceptCredit(stream, bytes)) this.#endpointOf(stream).credited?.(bytes);
    },
  };

  order(order: StreamOrder, ports: readonly MessagePortLike[]): void {
    const { stream } = order;
    switch (order.type) {
      case "write":
        return this.#outgoingOf(stream)?.write(order.bytes);
      case "end":
        return this.#outgoingOf(stream)?.end();
      case "grant":
        this.grant(stream, order.bytes);
        return;
      case "join":
        if (ports[0] !== undefined) this.#join(stream, ports[0]);
        return;
      case "part":
        this.#joints.get(stream)?.part();
    }
  }

  closed(): void {
    for (const joint of this.#joints.values()) joint.part();
    this.#report.end();
  }

  // ---- for the services of this link -----------------------------------------------------------------------

  /** Takes the host's end of a stream that was opened just now. */
  take(stream: number, endpoint: StreamEndpoint): void {
    this.#endpoints.set(stream, endpoint);
  }

  /** Lets the agent write so many bytes more, as far as the limits allow; returns how many. */
  grant(stream: number, bytes: number): number {
    const granted = this.table.grant(stream, bytes);
    if (granted > 0) this.#context.send("streamCredit", { stream, bytes: granted });
    return granted;
  }

  /** No more is wanted of a stream that the agent writes. Its endpoint hears of the end all the same. */
  stop(stream: number): void {
    if (this.table.stop(stream)) this.#context.send("streamEnd", { stream });
  }

  /** Sends what the credit allows; returns how many bytes that were. */
  write(stream: number, bytes: Uint8Array): number {
    const taken = this.table.take(stream, bytes.length);
    if (taken > 0) this.#context.send("streamData", { stream }, bytes.subarray(0, taken));
    return taken;
  }

  /** Ends a stream that the host writes. */
  end(stream: number, aborted: boolean): void {
    if (!this.table.end(stream)) return;
    this.#forget(stream);
    this.#context.send("streamEnd", { stream, aborted });
  }

  // ----------------------------------------------------------------------------------------------------------

  #endpointOf(stream: number): StreamEndpoint {
    return this.#endpoints.get(stream) ?? this.#mainEndpoint(stream);
  }

  #mainEndpoint(stream: number): StreamEndpoint {
    return {
      data: (bytes) => this.#report.data(stream, bytes),
      ended: (aborted) => this.#tell({ type: "ended", stream, aborted }),
      credited: () => this.#outgoing.get(stream)?.pump(),
      stopped: () => this.#tell({ type: "stopped", stream }),
    };
  }

  /** Tells main, after all that happened before. */
  #tell(event: Exclude<StreamEvent, { type: "data" | "taken" }>): void {
    this.#report.flush();
    this.#context.emit(event);
  }

  /** undefined: nothing can be written any more. */
  #outgoingOf(stream: number): OutgoingQueue | undefined {
    if (this.table.writerOf(stream) !== "host") return undefined;
    let queue = this.#outgoing.get(stream);
    if (queue === undefined) {
      queue = new OutgoingQueue({
        take: (bytes) => this.table.take(stream, bytes),
        send: (bytes) => {
          this.#context.send("streamData", { stream }, bytes);
          this.#report.taken(stream, bytes.length);
        },
        end: () => {
          this.end(stream, false);
          this.#tell({ type: "stopped", stream });
        },
      });
      this.#outgoing.set(stream, queue);
    }
    return queue;
  }

  #join(stream: number, port: MessagePortLike): void {
    const listener = {
      progress: (bytes: number) => this.#tell({ type: "progress", stream, bytes }),
      parted: (bytes: number, aborted: boolean) => {
        this.#joints.delete(stream);
        this.#tell({ type: "parted", stream, bytes, aborted });
      },
    };
    const writer = this.table.writerOf(stream);
    // It has ended before it could be joined.
    if (writer === null) {
      port.close();
      return listener.parted(0, true);
    }
    const joint =
      writer === "agent"
        ? new WriterJoint(port, listener, {
            grant: (bytes) => this.grant(stream, bytes),
            stop: () => this.stop(stream),
          })
        : new ReaderJoint(port, this.table.creditOf(stream), listener, {
            write: (bytes) => this.write(stream, bytes),
            end: (aborted) => this.end(stream, aborted),
          });
    this.#joints.set(stream, joint);
    this.take(stream, joint);
  }

  #forget(stream: number): void {
    this.#endpoints.delete(stream);
    this.#outgoing.delete(stream);
  }
}

export const streams = linkService(
  STREAMS,
  {
    accepts: { streamData: withPayload(BULK), streamEnd: BULK, streamCredit: BULK },
    sends: { streamData: withPayload(BULK), streamEnd: BULK, streamCredit: BULK },
  },
  (context) => new Streams(context),
);
