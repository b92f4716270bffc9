/** The application's log: standard error, and a file. */
import fs from "node:fs";
import path from "node:path";
import { escapeControls } from "#shared/model/text.ts";

/** The file does not grow beyond this: it is renamed to `.1`, and a new one begun. */
export const MAX_LOG_BYTES = 1024 * 1024;

/** A file that lines are added to, and the one before it. Together they hold no more than twice MAX_LOG_BYTES. */
class LogFile {
  readonly #file: string;
  #bytes: number;

  constructor(file: string) {
    this.#file = file;
    this.#bytes = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  append(text: string): void {
    const bytes = Buffer.byteLength(text);
    // One of an earlier version may be larger than the limit already.
    if (this.#bytes > 0 && this.#bytes + bytes > MAX_LOG_BYTES) this.#rotate();
    fs.appendFileSync(this.#file, text, { mode: 0o600 });
    this.#bytes += bytes;
  }

  #rotate(): void {
    // Somebody may have removed it meanwhile.
    if (fs.existsSync(this.#file)) fs.renameSync(this.#file, `${this.#file}.1`);
    this.#bytes = 0;
  }
}

// A terminal may be closed, and a program that reads the lines may end, before the desktop does: the file has them.
process.stderr.on("error", () => undefined);

let file: LogFile | null = null;

/** From now on lines go to `folder`/atoll.log, too. */
export function logTo(folder: string): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  file = new LogFile(path.join(folder, "atoll.log"));
}

/**
 * One line of the application's log. Text of a guest must have gone through escapeForLog, as it could begin a line of its own;
 * whatever it says, control characters do not get to a terminal.
 */
export function log(line: string): void {
  const text = `${new Date().toISOString()} ${escapeControls(line)}\n`;
  process.stderr.write(text);
  try {
    file?.append(text);
  } catch {
    // A full disk must not end the desktop; standard error has the line.
  }
}

/** An error that should not happen: with its stack. */
export function logDefect(what: string, error: unknown): void {
  log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
