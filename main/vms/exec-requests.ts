/** `atoll exec`: the one command of a control connection, its streams as notifications, base64. */
import type { execContract } from "#shared/ipc/exec.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import type { ClientConnection } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Terminal } from "../link/contracts/execs.ts";
import { Exec } from "./exec.ts";
import type { Vm } from "./vm.ts";

const SIGHUP = 1;

export function execHandlers({ application }: { application: Application }): Handlers<typeof execContract> {
  const execs = new WeakMap<ClientConnection, Exec>();
  return {
    "exec.start": ({ vm, argv, tty }, { connection }) => {
      if (execs.has(connection)) throw new AppError("usage.bad-argument", "This connection has its command already.");
      execs.set(connection, startExec(connection, application.vm(vm), argv, tty));
      return null;
    },
    "exec.write": async ({ data }, { connection }) => {
      await execs.get(connection)?.write(Buffer.from(data, "base64"));
      return null;
    },
    "exec.endInput": (_input, { connection }) => execs.get(connection)?.endInput(),
    "exec.grant": ({ stream, bytes }, { connection }) => execs.get(connection)?.grant(stream, bytes),
    "exec.signal": ({ signal }, { connection }) => execs.get(connection)?.signal(signal),
    "exec.resize": ({ columns, rows }, { connection }) => execs.get(connection)?.resize(columns, rows),
  };
}

function startExec(connection: ClientConnection, vm: Vm, argv: string[], tty: Terminal | null): Exec {
  const exec = new Exec(vm, argv, tty);
  exec.on("output", (stream, bytes) =>
    connection.notify("exec.output", { stream, data: Buffer.from(bytes).toString("base64") }),
  );
  exec.on("exited", (end) => connection.notify("exec.exited", end));
  exec.on("failed", (error) => connection.notify("exec.failed", toErrorValue(error)));
  // The client is gone: so goes its command, as with a terminal that is closed.
  connection.onClose(() => exec.signal(SIGHUP));
  return exec;
}
