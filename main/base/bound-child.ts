/** Children that shall not outlive the process that starts them. */

/**
 * What to start in place of `command`, so that the kernel sends it `signal` when we end, also where we are killed. A child
 * that lives on holds open what it has inherited of Electron, whose other processes then do not notice that we are gone.
 */
export function boundToUs(
  signal: "TERM" | "KILL",
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  return ["setpriv", ["--pdeathsig", signal, "--", command, ...args]];
}
