/** The application's log: standard error, and a file that stays when nobody looked. */
import fs from "node:fs";
import path from "node:path";

/** The file is begun anew above this; the one before is kept. */
const ROTATE_BYTES = 1024 * 1024;
let file: string | null = null;

/** From now on lines go to `folder`/atoll.log, too. */
export function logTo(folder: string): void {
  file = path.join(folder, "atoll.log");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE_BYTES) fs.renameSync(file, `${file}.1`);
}

/** One line of the application's log: what is of a guest must have gone through escapeForLog. */
export function log(line: string): void {
  const words = `${new Date().toISOString()} ${line}\n`;
  process.stderr.write(words);
  if (file === null) return;
  try {
    fs.appendFileSync(file, words, { mode: 0o600 });
  } catch {
    // A full disk must not end the desktop; standard error has the line.
  }
}

/** A defect of ours: its stack helps. */
export function logDefect(what: string, error: unknown): void {
  log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
