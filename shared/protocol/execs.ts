/** The execs of one VM, host's side: which run, and how many bytes each stream may still carry. */
import { failureKind, type FailureKind } from "./failure.ts";
import { ExecStream } from "./gen/atoll_pb.ts";
import type { WireMessage } from "./header.ts";
import { MAX_DETAIL_BYTES, MAX_EXECS, MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "./limits.ts";
import { cleanText } from "../model/text.ts";
import { boundedInteger, boundedText, refuse } from "./violation.ts";

export type ExecEvent =
  | { type: "execStarted"; exec: number; pid: number }
  | { type: "execFailed"; exec: number; code: FailureKind; detail: string }
  /** `signal` 0: ended by itself with `code`. */
  | { type: "execExited"; exec: number; code: number; signal: number }
  | { type: "execData"; exec: number; stream: OutputStream; bytes: Uint8Array }
  | { type: "execEnd"; exec: number; stream: OutputStream }
  /** The guest takes this many more bytes of stdin. */
  | { type: "execCredit"; exec: number; bytes: number };

export type OutputStream = "stdout" | "stderr";

interface Exec {
  isStarted: boolean;
  /** Bytes that the guest may still send; null = the stream has ended. */
  output: Record<OutputStream, number | null>;
  /** Bytes that the host may still send. */
  stdinCredit: number;
}

export class ExecTable {
  readonly #execs = new Map<number, Exec>();

  get isFull(): boolean {
    return this.#execs.size >= MAX_EXECS;
  }

  /** Before ExecStart is sent. */
  open(exec: number): void {
    this.#execs.set(exec, { isStarted: false, output: { stdout: 0, stderr: 0 }, stdinCredit: 0 });
  }

  /** Before an ExecCredit of ours is sent; false where there is nothing to give it to. */
  grant(exec: number, stream: OutputStream, bytes: number): boolean {
    const entry = this.#execs.get(exec);
    const open = entry?.output[stream];
    if (entry === undefined || open === null || open === undefined) return false;
    entry.output[stream] = open + bytes;
    return true;
  }

  /** Takes up to `bytes` of stdin's credit; returns how many may be sent now. */
  takeStdin(exec: number, bytes: number): number {
    const entry = this.#execs.get(exec);
    if (entry === undefined) return 0;
    const taken = Math.min(bytes, entry.stdinCredit, MAX_STREAM_CHUNK_BYTES);
    entry.stdinCredit -= taken;
    return taken;
  }

  isOpen(exec: number): boolean {
    return this.#execs.has(exec);
  }

  /** A message of the bulk port. Throws ViolationError. */
  accept(message: WireMessage, payload: Uint8Array): ExecEvent {
    switch (message.case) {
      case "execStarted": {
        const entry = this.#require(message.value.exec);
        if (entry.isStarted) refuse("wrong-state", `exec ${message.value.exec} started twice`);
        entry.isStarted = true;
        return { type: "execStarted", exec: message.value.exec, pid: message.value.pid };
      }
      case "execFailed": {
        const entry = this.#require(message.value.exec);
        if (entry.isStarted) refuse("wrong-state", `exec ${message.value.exec} failed after its start`);
        this.#execs.delete(message.value.exec);
        const detail = cleanText(boundedText(message.value.detail, MAX_DETAIL_BYTES, "detail"));
        return { type: "execFailed", exec: message.value.exec, code: failureKind(message.value.code), detail };
      }
      case "execExited": {
        this.#requireStarted(message.value.exec);
        this.#execs.delete(message.value.exec);
        const code = boundedInteger(message.value.code, 0, 255, "exit code");
        const signal = boundedInteger(message.value.signal, 0, 127, "signal");
        return { type: "execExited", exec: message.value.exec, code, signal };
      }
      case "execData": {
        const { exec, stream } = message.value;
        const entry = this.#requireStarted(exec);
        const name = outputOf(stream);
        const open = entry.output[name];
        if (payload.length === 0 || payload.length > MAX_STREAM_CHUNK_BYTES)
          refuse("quota", `${payload.length} bytes of an exec at once`);
        if (open === null || payload.length > open)
          return refuse("no-credit", `exec ${exec}: ${payload.length} bytes, credit ${open}`);
        entry.output[name] = open - payload.length;
        return { type: "execData", exec, stream: name, bytes: payload };
      }
      case "execEnd": {
        const entry = this.#requireStarted(message.value.exec);
        const name = outputOf(message.value.stream);
        if (entry.output[name] === null) refuse("wrong-state", `exec ${message.value.exec}: ${name} ended twice`);
        entry.output[name] = null;
        return { type: "execEnd", exec: message.value.exec, stream: name };
      }
      case "execCredit": {
        const { exec, stream, bytes } = message.value;
        const entry = this.#requireStarted(exec);
        if (stream !== ExecStream.STDIN) refuse("wrong-direction", `exec ${exec}: credit for its own output`);
        boundedInteger(bytes, 1, MAX_STREAM_CREDIT_BYTES - entry.stdinCredit, "stdin credit");
        entry.stdinCredit += bytes;
        return { type: "execCredit", exec, bytes };
      }
      default:
        return refuse("wrong-port", `${message.case} on bulk`);
    }
  }

  #require(exec: number): Exec {
    const entry = this.#execs.get(exec);
    return entry ?? refuse("unknown-exec", `exec ${exec} does not run`);
  }

  #requireStarted(exec: number): Exec {
    const entry = this.#require(exec);
    if (!entry.isStarted) refuse("wrong-state", `exec ${exec} has not started`);
    return entry;
  }
}

function outputOf(stream: ExecStream): OutputStream {
  if (stream === ExecStream.STDOUT) return "stdout";
  if (stream === ExecStream.STDERR) return "stderr";
  return refuse("wrong-direction", `exec stream ${stream} is not the guest's to write`);
}
