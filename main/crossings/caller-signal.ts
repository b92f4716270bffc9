/** How long a command waits for the person's answer. */
import { deadline } from "../base/deadline.ts";
import type { CliCaller } from "../ipc/caller.ts";

/** Aborted after so many seconds, or when the command has gone. */
export function callerSignal({ connection }: Pick<CliCaller, "connection">, askS: number): AbortSignal {
  const gone = new AbortController();
  const limit = deadline(askS * 1000, () => undefined, gone.signal);
  connection.onClose(() => {
    gone.abort();
    limit.end();
  });
  return limit.signal;
}
