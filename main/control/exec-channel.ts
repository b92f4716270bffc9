/** The one exec of a control connection: its streams as notifications, base64. */
import type { MessageConnection } from "vscode-jsonrpc/node";
import {
  type ControlParams,
  type ExecNotice,
  type ExecNoticeParams,
  type ExecNotices,
  execNoticeSchemas,
} from "#shared/ipc/control.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { Exec } from "../vms/exec.ts";
import type { Vm } from "../vms/vm.ts";

const SIGHUP = 1;

export class ExecChannel {
  readonly #connection: MessageConnection;
  #exec: Exec | null = null;

  constructor(connection: MessageConnection) {
    this.#connection = connection;
    const on = <Name extends ExecNotice>(
      name: Name,
      act: (exec: Exec, params: ExecNoticeParams<Name>) => void,
    ): void => {
      connection.onNotification(name, (untrusted: unknown) => {
        const parsed = execNoticeSchemas[name].safeParse(untrusted);
        // The schema of `name` has just made its parameters; TypeScript cannot follow the pair.
        if (parsed.success && this.#exec !== null) act(this.#exec, parsed.data as ExecNoticeParams<Name>);
      });
    };
    on("exec.endInput", (exec) => exec.endInput());
    on("exec.grant", (exec, { stream, bytes }) => exec.grant(stream, bytes));
    on("exec.signal", (exec, { signal }) => exec.signal(signal));
    on("exec.resize", (exec, { columns, rows }) => exec.resize(columns, rows));
  }

  start(vm: Vm, { argv, tty }: ControlParams<"exec.start">): void {
    if (this.#exec !== null) throw new AppError("usage.bad-argument", "This connection has its command already.");
    const exec = new Exec(vm, argv, tty);
    this.#exec = exec;
    exec.on("output", (stream, bytes) =>
      this.#notify("exec.output", { stream, data: Buffer.from(bytes).toString("base64") }),
    );
    exec.on("exited", (end) => this.#notify("exec.exited", end));
    exec.on("failed", (error) => this.#notify("exec.failed", toErrorValue(error)));
  }

  async write({ data }: ControlParams<"exec.write">): Promise<void> {
    await this.#exec?.write(Buffer.from(data, "base64"));
  }

  /** The client is gone: so goes its command, as with a terminal that is closed. */
  close(): void {
    this.#exec?.signal(SIGHUP);
  }

  #notify<Name extends keyof ExecNotices>(name: Name, params: ExecNotices[Name]): void {
    // A client that is gone, which is thrown at once, is dealt with by close().
    const send = async (): Promise<void> => this.#connection.sendNotification(name, params);
    send().catch(() => undefined);
  }
}
