/**
 * Chromium leaves file descriptors open over exec: its own channels, the display, its files. A program that the application starts
 * must not have them: it could speak there, and while it had them nobody would notice the application's end. And where the low
 * numbers are taken, a program that gives its own ones to a shell fails, for only bash knows numbers above 9.
 */

/**
 * A script follows, and its words. Where bash's standard input is a socket, as Node's pipes are, it takes itself for one that a remote
 * login has started, and would run the person's .bashrc first: that may take a second, print, or change what the script means.
 */
export const BASH = ["/bin/bash", "--norc", "-c"] as const;

/** A line for bash, which closes all descriptors but 0, 1, 2 and `kept`. */
export function closeInherited(kept: readonly number[]): string {
  const isOther = ["((n > 2))", ...kept.map((fd) => `((n != ${fd}))`), "[[ -e $fd ]]"].join(" && ");
  return `for fd in /proc/self/fd/*; do n=\${fd##*/}; if ${isOther}; then exec {n}>&-; fi; done`;
}

/** What to start in place of `words`, a program and its arguments, so that it has no descriptors but 0, 1, 2 and `kept`. */
export function withoutInherited(kept: readonly number[], words: readonly string[]): [command: string, args: string[]] {
  const [bash, ...options] = BASH;
  return [bash, [...options, `${closeInherited(kept)}; exec "$@"`, "atoll", ...words]];
}
