/** How long a command waits for the person's answer. */
import type { CliCaller } from "../ipc/caller.ts";

/** Aborted after so many seconds, or when the command has gone. */
export function callerSignal({ connection }: Pick<CliCaller, "connection">, askS: number): AbortSignal {
  const gone = new AbortController();
  connection.onClose(() => gone.abort());
  return AbortSignal.any([gone.signal, AbortSignal.timeout(askS * 1000)]);
}
