/** The text of a person's file that was last of use, in the state folder: for a start with a file that has a mistake. */
import fsp from "node:fs/promises";
import path from "node:path";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "./log.ts";
import { writeFileAtomically } from "./write-file.ts";

export class LastGood {
  readonly #file: string;
  /** As it is kept; null: that is not known. */
  #kept: string | null = null;

  /** @param file of the state folder; its folder need not exist */
  constructor(file: string) {
    this.#file = file;
  }

  /** null: there is none. */
  async text(): Promise<string | null> {
    return (this.#kept ??= await fsp.readFile(this.#file, "utf8").catch(() => null));
  }

  /** Never rejects: what cannot be kept is logged. */
  async keep(text: string): Promise<void> {
    if ((await this.text()) === text) return;
    try {
      await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFileAtomically(this.#file, text);
      this.#kept = text;
    } catch (error) {
      log(
        `${this.#file} is not written, so a later mistake in the file that it is of undoes more: ${messageOf(error)}`,
      );
    }
  }
}
