/**
 * One port of a VM as a stream of messages: connects to what the driver has opened, opens it with magic and epoch, frames.
 * Knows nothing of what the messages mean.
 */
import net from "node:net";
import { EchoFinder, MessageReader, opening, type RawMessage } from "#shared/protocol/framing.ts";
import { PARTIAL_MESSAGE_MS } from "#shared/protocol/limits.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import type { ChannelEndpoint } from "../hardware/driver.ts";
import type { RateLimit } from "./rate-limit.ts";

/** One buffer a port, reused by every read: measured to take a third to a fifth of the CPU that net.Socket's own buffers do. */
const READ_BUFFER_BYTES = 256 * 1024;
/** The opening is sent again until it is echoed: the agent may have been in the middle of an old message. */
const OPENING_INTERVAL_MS = 250;

export interface PortListener {
  opened(): void;
  message(message: RawMessage): void;
  violated(violation: Violation): void;
  /** The socket is gone; `cause` is for the log. */
  lost(cause: string): void;
}

export class PortChannel {
  readonly #socket: net.Socket;
  readonly #listener: PortListener;
  readonly #finder: EchoFinder;
  readonly #opening: Uint8Array;
  readonly #reader = new MessageReader();
  #isOpen = false;
  #isClosed = false;
  #openingTimer: NodeJS.Timeout | null = null;
  #partialTimer: NodeJS.Timeout | null = null;
  /** Ends a pause. */
  #pauseTimer: NodeJS.Timeout | null = null;
  readonly #pace: RateLimit | null;
  /** Messages that were completed in the present read. */
  #completed = 0;
  readonly #onMessage = (message: RawMessage): void => {
    this.#completed += 1;
    // A message may have closed the channel: what stands behind it in the same read is not looked at.
    if (!this.#isClosed) this.#listener.message(message);
  };

  /** @param pace how many messages are read: above it reading pauses, so that the guest waits. null: any number. */
  constructor(endpoint: ChannelEndpoint, epoch: Uint8Array, listener: PortListener, pace: RateLimit | null = null) {
    this.#listener = listener;
    this.#pace = pace;
    this.#finder = new EchoFinder(epoch);
    this.#opening = opening(epoch);
    this.#socket = net.connect({
      path: endpoint.path,
      onread: {
        buffer: Buffer.alloc(READ_BUFFER_BYTES),
        callback: (bytesRead, buffer) => {
          this.#received(buffer.subarray(0, bytesRead));
          return this.#keepsPace();
        },
      },
    });
    this.#socket.on("connect", () => this.#announce());
    this.#socket.on("error", (error) => this.#lose(error.message));
    this.#socket.on("close", () => this.#lose("the port was closed"));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that wait in this process for the guest to read. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Calls `drained` once, when nothing waits any more. */
  whenDrained(drained: () => void): void {
    if (this.#socket.writableNeedDrain) this.#socket.once("drain", drained);
    else setImmediate(drained);
  }

  write(message: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(message);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#openingTimer !== null) clearTimeout(this.#openingTimer);
    if (this.#partialTimer !== null) clearTimeout(this.#partialTimer);
    if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
    this.#socket.destroy();
  }

  #announce(): void {
    if (this.#isClosed || this.#isOpen) return;
    // While the guest does not read, announcements would pile up in the socket.
    if (this.#socket.writableLength === 0) this.#socket.write(this.#opening);
    this.#openingTimer = setTimeout(() => this.#announce(), OPENING_INTERVAL_MS);
  }

  /** Called once after each read; false: nothing more is read for a while. */
  #keepsPace(): boolean {
    const completed = this.#completed;
    this.#completed = 0;
    const pauseMs = this.#pace?.spend(completed) ?? 0;
    if (pauseMs === 0 || this.#isClosed) return true;
    this.#pauseTimer = setTimeout(() => this.#socket.resume(), pauseMs);
    return false;
  }

  #received(untrustedBytes: Uint8Array): void {
    if (this.#isClosed) return;
    let bytes = untrustedBytes;
    if (!this.#isOpen) {
      const found = this.#finder.search(bytes);
      if (found === "more") return;
      if (found === "no-echo")
        return this.#listener.violated({
          code: "no-echo",
          detail: "the agent does not answer the opening of its port",
        });
      this.#isOpen = true;
      if (this.#openingTimer !== null) clearTimeout(this.#openingTimer);
      this.#listener.opened();
      bytes = bytes.subarray(found);
    }
    const result = this.#reader.read(bytes, this.#onMessage);
    if (this.#isClosed) return;
    if (!result.ok)
      return this.#listener.violated({ code: result.error, detail: "the framing of a message is broken" });
    this.#watchPartial();
  }

  /** A message that began must end: a guest cannot make the host wait for ever in the middle of one. Each has its own time. */
  #watchPartial(): void {
    if (this.#partialTimer !== null && (this.#completed > 0 || !this.#reader.isPartial)) {
      clearTimeout(this.#partialTimer);
      this.#partialTimer = null;
    }
    if (!this.#reader.isPartial) return;
    this.#partialTimer ??= setTimeout(() => {
      this.#listener.violated({
        code: "stalled",
        detail: `a message was not complete after ${PARTIAL_MESSAGE_MS / 1000} s`,
      });
    }, PARTIAL_MESSAGE_MS);
  }

  #lose(cause: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.lost(cause);
  }
}
