/** Children that shall not outlive the process that starts them. */
import { withoutInherited } from "./close-inherited.ts";

/**
 * What to start in place of `command`, so that the kernel sends it `signal` when we end, also where we are killed. A child
 * that lives on holds open what it has inherited of Electron, whose other processes then do not notice that we are gone:
 * it has its standard streams alone.
 */
export function boundToUs(
  signal: "TERM" | "KILL",
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  return withoutInherited([], ["setpriv", "--pdeathsig", signal, "--", command, ...args]);
}
