/** Where windows were, in a file: they come back to their places after any end of the application, a crash included. */
import fs from "node:fs";
import path from "node:path";
import { type Placements, placementsSchema } from "#shared/ipc/contract.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const NONE: Placements = { windows: [], apps: [] };

export class PlacementsFile {
  readonly #file: string;
  #current: Placements;

  /** Reads the file. Nobody wrote it by hand: one that cannot be read is ignored, and the log says so. */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, "placements.json");
    this.#current = read(this.#file);
  }

  get current(): Placements {
    return this.#current;
  }

  /** Written before it returns, as the process may be killed in the next moment. A few kilobytes. */
  keep(placements: Placements): void {
    this.#current = placements;
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify(placements));
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
