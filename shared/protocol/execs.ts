/** The execs of one VM, host's side: which run, and which streams are theirs. Pure. */
import { cleanText } from "../model/text.ts";
import { failureKind, type FailureKind } from "./failure.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_DETAIL_BYTES, MAX_EXECS } from "./limits.ts";
import type { StreamTable } from "./streams.ts";
import { boundedInteger, boundedText, refuse } from "./violation.ts";

export interface ExecStreams {
  /** The host writes it. */
  stdin: number;
  /** The agent writes these. With a terminal there is no stderr: null. */
  stdout: number;
  stderr: number | null;
}

export interface ExecFailure {
  code: FailureKind;
  /** Chosen by the guest; cleaned. */
  detail: string;
}

export interface ExecEnd {
  code: number;
  /** 0: it ended by itself. */
  signal: number;
}

interface Exec {
  isStarted: boolean;
  readonly streams: ExecStreams;
}

export class ExecTable {
  readonly #execs = new Map<number, Exec>();
  readonly #streams: StreamTable;

  constructor(streams: StreamTable) {
    this.#streams = streams;
  }

  /** Before ExecStart is sent: opens its streams. null: no more can run. */
  open(exec: number, hasTerminal: boolean): ExecStreams | null {
    if (this.#execs.size >= MAX_EXECS) return null;
    const [stdin, stdout] = [this.#streams.open("host"), this.#streams.open("agent")];
    const stderr = hasTerminal ? null : this.#streams.open("agent");
    if (stdin === null || stdout === null || (stderr === null && !hasTerminal)) {
      for (const stream of [stdin, stdout, stderr]) if (stream !== null) this.#streams.drop(stream);
      return null;
    }
    const streams = { stdin, stdout, stderr };
    this.#execs.set(exec, { isStarted: false, streams });
    return streams;
  }

  isOpen(exec: number): boolean {
    return this.#execs.has(exec);
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  acceptStarted({ exec }: WireMessageOf<"execStarted">): void {
    const entry = this.#require(exec);
    if (entry.isStarted) refuse("wrong-state", `exec ${exec} started twice`);
    entry.isStarted = true;
  }

  acceptFailed({ exec, code, detail }: WireMessageOf<"execFailed">): ExecFailure {
    const entry = this.#require(exec);
    if (entry.isStarted) refuse("wrong-state", `exec ${exec} failed after its start`);
    const failure = {
      code: failureKind(code),
      detail: cleanText(boundedText(detail, MAX_DETAIL_BYTES, "detail")),
    };
    this.#end(exec, entry);
    return failure;
  }

  acceptExited({ exec, code, signal }: WireMessageOf<"execExited">): ExecEnd {
    const entry = this.#require(exec);
    if (!entry.isStarted) refuse("wrong-state", `exec ${exec} has not started`);
    const { stdout, stderr } = entry.streams;
    if (this.#streams.writerOf(stdout) !== null || (stderr !== null && this.#streams.writerOf(stderr) !== null))
      refuse("wrong-state", `exec ${exec} exited before its output ended`);
    const end = {
      code: boundedInteger(code, 0, 255, "exit code"),
      signal: boundedInteger(signal, 0, 127, "signal"),
    };
    this.#end(exec, entry);
    return end;
  }

  #require(exec: number): Exec {
    return this.#execs.get(exec) ?? refuse("unknown-exec", `exec ${exec} does not run`);
  }

  #end(exec: number, { streams }: Exec): void {
    this.#execs.delete(exec);
    for (const stream of Object.values(streams) as (number | null)[]) if (stream !== null) this.#streams.drop(stream);
  }
}
