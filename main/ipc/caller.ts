/** Who calls main, as far as the handlers need to know. */
import type { Side } from "#shared/ipc/declare.ts";
import type { EventName, EventPayload } from "#shared/ipc/index.ts";

export interface PageCaller {
  readonly from: "page";
  /** Runs `act` when the answer to the present request is on its way. */
  afterAnswer(act: () => void): void;
}

export interface CliCaller {
  readonly from: "cli";
  readonly connection: ClientConnection;
  /** Runs `act` when the command has its answer and has hung up, or does not hang up. */
  afterAnswer(act: () => void): void;
}

/** One command's connection to the control socket: what a handler may keep state for. */
export interface ClientConnection {
  /** Nothing is sent to a client that has gone; that is no error. */
  notify<Name extends EventName<"cli">>(name: Name, payload: EventPayload<Name>): void;
  onClose(listener: () => void): void;
}

export type Caller = PageCaller | CliCaller;
export type CallerFrom<From extends Side> = Extract<Caller, { from: From }>;

/** Aborted when the command has gone; undefined: the page asks, whose work goes on without it. */
export function goneSignal(caller: CliCaller): AbortSignal;
export function goneSignal(caller: Caller): AbortSignal | undefined;
export function goneSignal(caller: Caller): AbortSignal | undefined {
  if (caller.from === "page") return undefined;
  const gone = new AbortController();
  caller.connection.onClose(() => gone.abort());
  return gone.signal;
}
