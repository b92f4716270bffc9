/** Commands in the guest: start, signal, resize, end. Their bytes are the streams service's. */
import { ExecTable } from "#shared/protocol/execs.ts";
import { MAX_EXECS } from "#shared/protocol/limits.ts";
import { BULK } from "#shared/protocol/routes.ts";
import { type ExecEvent, type ExecOrder, EXECS } from "../contracts/execs.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";
import { streams } from "./streams.ts";

type Accepts = "execStarted" | "execFailed" | "execExited";
type Sends = "execStart" | "execSignal" | "execResize";

class Execs implements LinkService<Accepts, ExecOrder> {
  readonly #context: LinkContext<Sends, ExecEvent>;
  readonly #table: ExecTable;

  constructor(context: LinkContext<Sends, ExecEvent>) {
    this.#context = context;
    this.#table = new ExecTable(context.use(streams).table);
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    execStarted: (untrusted) => this.#table.acceptStarted(untrusted),
    execFailed: (untrusted) => {
      const failure = this.#table.acceptFailed(untrusted);
      this.#context.emit({ type: "failed", exec: untrusted.exec, ...failure });
    },
    execExited: (untrusted) => {
      const end = this.#table.acceptExited(untrusted);
      this.#context.emit({ type: "exited", exec: untrusted.exec, ...end });
    },
  };

  order(order: ExecOrder): void {
    const { exec } = order;
    if (order.type === "start") return this.#start(order);
    if (!this.#table.isOpen(exec)) return;
    if (order.type === "signal") this.#context.send("execSignal", { exec, signal: order.signal });
    else this.#context.send("execResize", { exec, columns: order.columns, rows: order.rows });
  }

  #start({ exec, argv, tty }: Extract<ExecOrder, { type: "start" }>): void {
    const opened = this.#table.open(exec, tty !== null);
    if (opened === null) {
      const detail = `${MAX_EXECS} commands run in this VM already`;
      return this.#context.emit({ type: "failed", exec, code: "other", detail });
    }
    const { stdin, stdout, stderr } = opened;
    this.#context.send("execStart", {
      exec,
      argv,
      ...(tty === null ? { tty: false } : { tty: true, ...tty }),
      stdin,
      stdout,
      stderr: stderr ?? 0,
    });
    this.#context.emit({ type: "streams", exec, streams: opened });
  }
}

export const execs = linkService(
  EXECS,
  {
    accepts: { execStarted: BULK, execFailed: BULK, execExited: BULK },
    sends: { execStart: BULK, execSignal: BULK, execResize: BULK },
  },
  (context) => new Execs(context),
);
