/** The application's log: standard error, and a file. */
import fs from "node:fs";
import path from "node:path";

/** A file larger than this is renamed to `.1`, and a new one begun. */
const ROTATE_BYTES = 1024 * 1024;
let file: string | null = null;

/** From now on lines go to `folder`/atoll.log, too. */
export function logTo(folder: string): void {
  file = path.join(folder, "atoll.log");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE_BYTES) fs.renameSync(file, `${file}.1`);
}

/** One line of the application's log. Text of a guest must have gone through escapeForLog. */
export function log(line: string): void {
  const text = `${new Date().toISOString()} ${line}\n`;
  process.stderr.write(text);
  if (file === null) return;
  try {
    fs.appendFileSync(file, text, { mode: 0o600 });
  } catch {
    // A full disk must not end the desktop; standard error has the line.
  }
}

/** An error that should not happen: with its stack. */
export function logDefect(what: string, error: unknown): void {
  log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
