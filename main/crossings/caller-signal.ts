/** How long a command waits for the person's answer. */
import type { CliCaller } from "../ipc/caller.ts";

/**
 * Aborted after so many seconds, or when the command has gone. Not AbortSignal.any and AbortSignal.timeout: what nobody but a
 * listener knows of is collected as garbage, and never aborted.
 */
export function callerSignal({ connection }: Pick<CliCaller, "connection">, askS: number): AbortSignal {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), askS * 1000);
  connection.onClose(() => {
    clearTimeout(timer);
    ended.abort();
  });
  return ended.signal;
}
