/**
 * The streams of one VM, host's side: who writes each, and how many bytes of it may still come or go. Pure. The order of
 * messages is said in atoll.proto ("Streams"); what streams are for is their services' business.
 *
 *   the agent writes:  open --stop()--> stopping (what comes is dropped) --its StreamEnd--> over
 *                      open --its StreamEnd--> over
 *   the host writes:   open --its reader's StreamEnd--> stopped --end()--> over
 *                      open --end()--> over (what the agent sent before it had read that is still accepted)
 */
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES, MAX_STREAMS } from "./limits.ts";
import { boundedInteger, MAX_U32, refuse } from "./violation.ts";

export type StreamWriter = "host" | "agent";

/** What the end of a stream means that the agent has sent. */
export type AcceptedEnd =
  /** It writes the stream: nothing more comes. `aborted`: what came is not all of it. */
  | { type: "ended"; aborted: boolean }
  /** It reads the stream and wants no more: to be answered by the host's end. */
  | { type: "stopped" };

interface Stream {
  readonly writer: StreamWriter;
  /** Bytes that its writer may still send. */
  credit: number;
  /** Its reader has said that it wants no more. */
  isStopped: boolean;
}

/** How many streams that the host has ended are remembered, for what an agent sent before it had read of the end. */
const MAX_REMEMBERED = 1024;

export class StreamTable {
  readonly #open = new Map<number, Stream>();
  /** Streams of the host's that are over. */
  readonly #ended = new Map<number, Stream>();
  readonly #dropped: (stream: number, writer: StreamWriter) => void;
  #highestId = 0;

  /** @param dropped is called for a stream that ends with what began it */
  constructor(dropped: (stream: number, writer: StreamWriter) => void = () => undefined) {
    this.#dropped = dropped;
  }

  /** Before the message that begins it is sent. null: no more streams can be open. */
  open(writer: StreamWriter): number | null {
    if (this.#open.size >= MAX_STREAMS || this.#highestId >= MAX_U32) return null;
    this.#highestId += 1;
    this.#open.set(this.#highestId, { writer, credit: 0, isStopped: false });
    return this.#highestId;
  }

  /** null: it is not open. */
  writerOf(stream: number): StreamWriter | null {
    return this.#open.get(stream)?.writer ?? null;
  }

  /** Bytes that its writer may still send. */
  creditOf(stream: number): number {
    return this.#open.get(stream)?.credit ?? 0;
  }

  /** What began it is over, and with it the stream: neither side says anything of it any more. */
  drop(stream: number): void {
    const writer = this.writerOf(stream);
    if (writer === null) return;
    this.#close(stream);
    this.#dropped(stream, writer);
  }

  #close(stream: number): void {
    const entry = this.#open.get(stream);
    this.#open.delete(stream);
    if (entry?.writer !== "host") return;
    this.#ended.set(stream, entry);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }

  // ---- streams that the host writes ------------------------------------------------------------------------

  /** Takes credit for up to `bytes`; returns how many may be sent now, in one message. */
  take(stream: number, bytes: number): number {
    const entry = this.#of(stream, "host");
    if (entry === undefined) return 0;
    const taken = Math.min(bytes, entry.credit, MAX_STREAM_CHUNK_BYTES);
    entry.credit -= taken;
    return taken;
  }

  /** Before StreamEnd is sent; false: it is over already, and nothing is to be sent. */
  end(stream: number): boolean {
    if (this.#of(stream, "host") === undefined) return false;
    this.#close(stream);
    return true;
  }

  // ---- streams that the agent writes -----------------------------------------------------------------------

  /** Credit that may be given to the writer now, at most `bytes`; 0: nothing is to be sent. */
  grant(stream: number, bytes: number): number {
    const entry = this.#of(stream, "agent");
    if (entry === undefined || entry.isStopped) return 0;
    const granted = Math.min(bytes, MAX_STREAM_CREDIT_BYTES - entry.credit);
    entry.credit += granted;
    return granted;
  }

  /** Before StreamEnd is sent to say that no more is wanted; false: nothing is to be sent. */
  stop(stream: number): boolean {
    const entry = this.#of(stream, "agent");
    if (entry === undefined || entry.isStopped) return false;
    entry.isStopped = true;
    return true;
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  /** false: it is to be dropped, for the host has stopped the stream. */
  acceptData(stream: number, bytes: Uint8Array): boolean {
    const entry = this.#require(stream);
    if (entry.writer !== "agent") refuse("wrong-direction", `stream ${stream} is the host's to write`);
    if (bytes.length === 0 || bytes.length > MAX_STREAM_CHUNK_BYTES)
      refuse("quota", `${bytes.length} bytes of stream ${stream} at once`);
    if (bytes.length > entry.credit)
      refuse("no-credit", `stream ${stream}: ${bytes.length} bytes, credit ${entry.credit}`);
    entry.credit -= bytes.length;
    return !entry.isStopped;
  }

  /** null: the host had ended the stream meanwhile. */
  acceptEnd(stream: number, aborted: boolean): AcceptedEnd | null {
    const entry = this.#require(stream);
    if (entry.writer === "agent") {
      this.#close(stream);
      return { type: "ended", aborted };
    }
    if (entry.isStopped) refuse("wrong-state", `stream ${stream}: its reader ended it twice`);
    entry.isStopped = true;
    return this.#open.has(stream) ? { type: "stopped" } : null;
  }

  /** false: it comes late, the host had ended the stream meanwhile. */
  acceptCredit(stream: number, bytes: number): boolean {
    const entry = this.#require(stream);
    if (entry.writer !== "host") refuse("wrong-direction", `stream ${stream} is the agent's to write`);
    if (entry.isStopped) refuse("wrong-state", `stream ${stream}: credit after its reader's end`);
    entry.credit += boundedInteger(bytes, 1, MAX_STREAM_CREDIT_BYTES - entry.credit, `credit of stream ${stream}`);
    return this.#open.has(stream);
  }

  #require(stream: number): Stream {
    const entry = this.#open.get(stream) ?? this.#ended.get(stream);
    if (entry !== undefined) return entry;
    if (stream < 1 || stream > this.#highestId) return refuse("unknown-stream", `stream ${stream} was never opened`);
    return refuse("wrong-state", `stream ${stream} is over`);
  }

  #of(stream: number, writer: StreamWriter): Stream | undefined {
    const entry = this.#open.get(stream);
    return entry?.writer === writer ? entry : undefined;
  }
}
