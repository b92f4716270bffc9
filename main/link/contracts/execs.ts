/** Commands in the guest. Their streams are the streams service's: main reads, writes or joins them by their ids. */
import type { ExecEnd, ExecFailure, ExecStreams } from "#shared/protocol/execs.ts";
import { serviceContract } from "../contract.ts";

export interface Terminal {
  columns: number;
  rows: number;
  term: string;
}

/** `exec`: of main's choosing, never used twice. */
export type ExecOrder =
  | { type: "start"; exec: number; argv: string[]; tty: Terminal | null }
  | { type: "signal"; exec: number; signal: number }
  | { type: "resize"; exec: number; columns: number; rows: number };

export type ExecEvent =
  /** Sent to the guest, and these streams are open. The first event, unless the command failed before that. */
  | { type: "streams"; exec: number; streams: ExecStreams }
  | ({ type: "failed"; exec: number } & ExecFailure)
  /** Comes after the end of its output. */
  | ({ type: "exited"; exec: number } & ExecEnd);

export const EXECS = serviceContract<ExecOrder, ExecEvent>("execs");
