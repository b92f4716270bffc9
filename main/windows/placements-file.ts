/** Where windows were: kept in a file, so that they are there again after the application has ended, in whatever way. */
import fs from "node:fs";
import path from "node:path";
import { type Placements, placementsSchema } from "#shared/ipc/layout.ts";
import { log } from "../base/log.ts";

const NONE: Placements = { windows: [], apps: [] };

export class PlacementsFile {
  readonly #file: string;
  #current: Placements;

  /** Reads what is there. It is no one's work: a file that cannot be read counts for nothing, and says so in the log. */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, "placements.json");
    this.#current = read(this.#file);
  }

  get current(): Placements {
    return this.#current;
  }

  /** At once and in one step: the process may be killed in the next moment. A few kilobytes. */
  keep(placements: Placements): void {
    this.#current = placements;
    const partial = `${this.#file}.partial`;
    try {
      fs.writeFileSync(partial, JSON.stringify(placements), { mode: 0o600 });
      fs.renameSync(partial, this.#file);
    } catch (error) {
      log(`the windows' places are not kept: ${(error as Error).message}`);
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
    log(`${file} is not what Atoll wrote: windows open at new places`);
    return NONE;
  }
}
