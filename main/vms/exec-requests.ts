/** `atoll exec`: the one command of a control connection, its streams as notifications, base64. */
import type { execContract } from "#shared/ipc/exec.ts";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import { type Crossings, refusalOf } from "../crossings/crossings.ts";
import type { ClientConnection } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Terminal } from "../link/contracts/execs.ts";
import { HOST, partyOf } from "../policy/crossing.ts";
import { Exec } from "./exec.ts";
import type { Vm } from "./vm.ts";

const SIGHUP = 1;

interface Parts {
  application: Pick<Application, "vm">;
  crossings: Pick<Crossings, "request" | "ended">;
}

export function execHandlers({ application, crossings }: Parts): Handlers<typeof execContract> {
  const execs = new WeakMap<ClientConnection, Exec>();
  /** That have a command, or wait for leave to begin it. */
  const used = new WeakSet<ClientConnection>();
  return {
    "exec.start": async ({ vm, argv, tty, askS }, { connection }) => {
      if (used.has(connection)) throw new AppError("usage.bad-argument", "This connection has its command already.");
      const target = application.vm(vm);
      used.add(connection);
      const crossing = { action: "exec", from: HOST, to: partyOf(target.status), type: null, bytes: null } as const;
      const signal = callerSignal({ connection }, askS);
      // What a rule allows is not recorded, as a person's own commands are no news to them, unless the rule says `notify`.
      const outcome = await crossings.request({ crossing, subject: "", isQuiet: true }, { signal });
      if (!outcome.allowed) throw refusalOf(outcome);
      try {
        execs.set(connection, startExec(connection, target, argv, tty));
        await crossings.ended(outcome, { bytes: null });
      } catch (error) {
        await crossings.ended(outcome, { bytes: null, detail: messageOf(error) });
        throw error;
      }
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
