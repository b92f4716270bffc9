/**
 * Rules with `until` whose time has run out, as far as the application has seen it. They stay over in its next run, too, whatever the host's
 * clock says then: one that was set back, or a machine that has lost it, does not bring them back.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const texts = z.array(z.string());

export class EndedRules {
  readonly #file: string;
  #texts: ReadonlySet<string>;

  /** @throws the system's error where the file is there and cannot be read: a right that is over must not come back */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, "policy-ended.json");
    this.#texts = read(this.#file);
  }

  /** @param text of the rule, which names its end */
  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(ended: readonly string[]): void {
    this.#keep([...this.#texts, ...ended]);
  }

  /** Forgets those that are in no file any more. */
  retain(there: ReadonlySet<string>): void {
    this.#keep([...this.#texts].filter((text) => there.has(text)));
  }

  #keep(all: readonly string[]): void {
    const next = new Set(all);
    if (next.size === this.#texts.size && all.every((text) => this.#texts.has(text))) return;
    this.#texts = next;
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify([...next]));
    } catch (error) {
      log(`which rules of the policy have ended is not saved: ${messageOf(error)}`);
    }
  }
}

function read(file: string): Set<string> {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Set();
    throw error;
  }
  return new Set(texts.parse(JSON.parse(text)));
}
