/** Starts commands in a guest and reports to each caller what becomes of its command. */
import type { ExecEnd, ExecFailure, ExecStreams } from "#shared/protocol/execs.ts";
import { type ExecEvent, type ExecOrder, EXECS, type Terminal } from "../../link/contracts/execs.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface ExecListener {
  /** Its streams are open. */
  opened(streams: ExecStreams): void;
  /** One of these is the last call. */
  exited(end: ExecEnd): void;
  failed(failure: ExecFailure): void;
  /** The link is gone. */
  lost(): void;
}

class Execs implements ServiceClient<ExecEvent> {
  readonly #context: ClientContext<ExecOrder>;
  readonly #listeners = new Map<number, ExecListener>();
  #last = 0;

  constructor(context: ClientContext<ExecOrder>) {
    this.#context = context;
  }

  /** Returns the number of the command. @throws AppError vm.not-running */
  start(argv: string[], tty: Terminal | null, listener: ExecListener): number {
    this.#last += 1;
    this.#context.send({ type: "start", exec: this.#last, argv, tty });
    this.#listeners.set(this.#last, listener);
    return this.#last;
  }

  signal(exec: number, signal: number): void {
    this.#context.sendIfLinked({ type: "signal", exec, signal });
  }

  resize(exec: number, columns: number, rows: number): void {
    this.#context.sendIfLinked({ type: "resize", exec, columns, rows });
  }

  happened(event: ExecEvent): void {
    const listener = this.#listeners.get(event.exec);
    if (event.type === "streams") return listener?.opened(event.streams);
    this.#listeners.delete(event.exec);
    if (event.type === "exited") listener?.exited({ code: event.code, signal: event.signal });
    else listener?.failed({ code: event.code, detail: event.detail });
  }

  closed(): void {
    const lost = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listener of lost) listener.lost();
  }
}

export const execs = serviceClient(EXECS, (context) => new Execs(context));
