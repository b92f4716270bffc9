/** The welcome of the first start: it comes once for each home, whatever becomes of that start. */
import fs from "node:fs";
import path from "node:path";
import { messageOf } from "#shared/model/app-error.ts";

/** In the state folder: its person has been welcomed. */
const FILE = "welcomed";

interface WelcomeParts {
  stateFolder: string;
  /** Nobody has defined a VM in this home yet. */
  isFirstStart: boolean;
  /** Is told of a disk that cannot be written: the welcome comes again then. */
  log: (line: string) => void;
}

export class Welcome {
  #isWanted: boolean;

  constructor({ stateFolder, isFirstStart, log }: WelcomeParts) {
    const file = path.join(stateFolder, FILE);
    this.#isWanted = isFirstStart && !fs.existsSync(file);
    if (!this.#isWanted) return;
    try {
      fs.writeFileSync(file, "");
    } catch (error) {
      log(`${file}: ${messageOf(error)}`);
    }
  }

  /** It is shown, also by a page that is loaded again. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  putAway(): void {
    this.#isWanted = false;
  }
}
