/**
 * One end of a joint: the streams of two VMs, joined by a MessagePort between their links. One VM's agent writes, the
 * other's reads; credit goes the other way, from agent to agent, so neither link holds more than the reader has asked for.
 *
 *   writer's link:  data, then one `end`  -->  reader's link
 *   writer's link  <--  credit, or `stop`: no more is wanted
 *
 * The link at the other end may have been taken over by its guest: what it says is parsed, and its credit is checked.
 * What breaks these rules ends the joint, and nothing else.
 */
import { z } from "zod";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { log } from "../base/log.ts";
import type { MessagePortLike } from "./message-port.ts";
import type { StreamEndpoint } from "./stream-endpoint.ts";

/** Progress is reported to main at most this often. */
const PROGRESS_MS = 250;

export const fromReaderSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("credit"), bytes: z.int().min(1).max(MAX_STREAM_CREDIT_BYTES) }),
  z.object({ type: z.literal("stop") }),
]);
export type FromReader = z.infer<typeof fromReaderSchema>;

export const fromWriterSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("data"),
    bytes: z.custom<Uint8Array>(
      (value) => value instanceof Uint8Array && value.length > 0 && value.length <= MAX_STREAM_CHUNK_BYTES,
    ),
  }),
  z.object({ type: z.literal("end"), aborted: z.boolean() }),
]);
export type FromWriter = z.infer<typeof fromWriterSchema>;

export interface JointListener {
  /** Bytes carried so far. */
  progress(bytes: number): void;
  /** It is over: called once. `aborted`: what was carried is not all that there was. */
  parted(bytes: number, aborted: boolean): void;
}

export interface JointEndpoint extends StreamEndpoint {
  /** Ends the joint now, for both VMs. */
  part(): void;
}

/** What both ends have in common: the port, the count of bytes, and one end. */
export class JointPort<Incoming> {
  readonly #port: MessagePortLike;
  readonly #listener: JointListener;
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  /** @param receive takes each message of the other link; `lost` is called when its end is closed, or it breaks the rules */
  constructor(
    port: MessagePortLike,
    schema: z.ZodType<Incoming>,
    listener: JointListener,
    receive: (message: Incoming) => void,
    lost: () => void,
  ) {
    this.#port = port;
    this.#listener = listener;
    port.on("message", ({ data }) => {
      if (this.#isOver) return;
      const message = schema.safeParse(data);
      if (message.success) return receive(message.data);
      log("link: a joint is ended: the other link says what it may not");
      lost();
    });
    port.on("close", () => {
      if (!this.#isOver) lost();
    });
    port.start();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  say(message: FromReader | FromWriter): void {
    this.#port.postMessage(message);
  }

  /** What is carried while the joint ends is not counted: its listener has heard the last of it. */
  count(bytes: number): void {
    if (this.#isOver) return;
    this.#bytes += bytes;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#listener.progress(this.#bytes);
    }, PROGRESS_MS);
  }

  /** `last` is still said to the other link. */
  over(aborted: boolean, last: FromReader | FromWriter | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (last !== null) this.#port.postMessage(last);
    this.#port.close();
    this.#listener.parted(this.#bytes, aborted);
  }
}

/** At the link of the VM whose agent writes. */
export class WriterJoint implements JointEndpoint {
  readonly #port: JointPort<FromReader>;
  readonly #stream: { grant(bytes: number): number; stop(): void };

  /** `grant` gives credit to the agent, and returns how much of it; `stop` notifies the agent that no more is wanted. */
  constructor(port: MessagePortLike, listener: JointListener, stream: { grant(bytes: number): number; stop(): void }) {
    this.#stream = stream;
    this.#port = new JointPort(
      port,
      fromReaderSchema,
      listener,
      (message) => {
        // An honest link passes on what its agent gave: never more than a stream may have.
        if (message.type === "stop" || stream.grant(message.bytes) !== message.bytes) this.part();
      },
      () => this.part(),
    );
  }

  data(bytes: Uint8Array): void {
    if (this.#port.isOver) return;
    this.#port.say({ type: "data", bytes });
    this.#port.count(bytes.length);
  }

  ended(aborted: boolean): void {
    this.#port.over(aborted, { type: "end", aborted });
  }

  part(): void {
    if (this.#port.isOver) return;
    this.#port.over(true, { type: "end", aborted: true });
    this.#stream.stop();
  }
}

/** At the link of the VM whose agent reads. */
export class ReaderJoint implements JointEndpoint {
  readonly #port: JointPort<FromWriter>;
  readonly #stream: { write(bytes: Uint8Array): number; end(aborted: boolean): void };

  /**
   * `credit`: bytes that the agent has asked for before the joint. `write` returns how many bytes the agent's credit
   * allowed.
   */
  constructor(
    port: MessagePortLike,
    credit: number,
    listener: JointListener,
    stream: { write(bytes: Uint8Array): number; end(aborted: boolean): void },
  ) {
    this.#stream = stream;
    this.#port = new JointPort(
      port,
      fromWriterSchema,
      listener,
      (message) => {
        if (message.type === "end") return this.#end(message.aborted);
        const written = stream.write(message.bytes);
        this.#port.count(written);
        // More than the agent has asked for.
        if (written !== message.bytes.length) this.part();
      },
      () => this.part(),
    );
    if (credit > 0) this.credited(credit);
  }

  credited(bytes: number): void {
    if (!this.#port.isOver) this.#port.say({ type: "credit", bytes });
  }

  stopped(): void {
    this.#port.over(true, { type: "stop" });
  }

  part(): void {
    if (this.#port.isOver) return;
    this.#port.over(true, { type: "stop" });
    this.#stream.end(true);
  }

  #end(aborted: boolean): void {
    this.#port.over(aborted, null);
    this.#stream.end(aborted);
  }
}
