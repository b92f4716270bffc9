/** One line of the application's log: what is of a guest must have gone through escapeForLog. */
export function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

/** A defect of ours: its stack helps. */
export function logDefect(what: string, error: unknown): void {
  log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
