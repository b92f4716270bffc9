/**
 * Where windows were, in a file: they come back to their places after any end of the application, a crash included. Written
 * when something changed, at most once in WRITE_INTERVAL_MS: guests decide how often windows change.
 */
import fs from "node:fs";
import path from "node:path";
import { type Placements, placementsSchema } from "#shared/ipc/layout.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const WRITE_INTERVAL_MS = 1_000;
const NONE: Placements = { windows: [], apps: [] };

export class PlacementsFile {
  readonly #file: string;
  #current: Placements;
  /** What stands in the file, as far as it is known. */
  #written: string;
  /** What is to be written when the interval is over; null = nothing is. */
  #due: string | null = null;
  /** Runs for an interval after each write. */
  #timer: NodeJS.Timeout | null = null;

  /** Reads the file. Nobody wrote it by hand: one that cannot be read is ignored, and the log says so. */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, "placements.json");
    this.#current = read(this.#file);
    this.#written = JSON.stringify(this.#current);
  }

  get current(): Placements {
    return this.#current;
  }

  /** Written before it returns, unless the last write was a moment ago: then after the interval. A few kilobytes. */
  keep(placements: Placements): void {
    this.#current = placements;
    const text = JSON.stringify(placements);
    this.#due = text === this.#written ? null : text;
    if (this.#timer === null) this.flush();
  }

  /** Writes what waits to be written. Call it before the application ends. */
  flush(): void {
    const text = this.#due;
    if (text === null) return;
    this.#due = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, WRITE_INTERVAL_MS);
    try {
      writeFileAtomicallySync(this.#file, text);
      this.#written = text;
    } catch (error) {
      log(`the windows' places are not saved: ${messageOf(error)}`);
    }
  }
}

function read(file: string): Placements {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch {
    return NONE;
  }
  try {
    return placementsSchema.parse(JSON.parse(text));
  } catch {
    log(`${file} is damaged: windows open at new places`);
    return NONE;
  }
}
