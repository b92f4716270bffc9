/** Signatures that a person has gone back from: state/signatures.json, by service. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const FILE = "signatures.json";
const content = z.record(z.string(), z.strictObject({ passedOver: z.string() }));

export class SignaturesFile {
  readonly #file: string;
  #content: z.infer<typeof content> = {};

  /** A file that is not there, or is broken, has nothing in it. */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, FILE);
    try {
      this.#content = content.parse(JSON.parse(fs.readFileSync(this.#file, "utf8")));
    } catch {
      // Then what was gone back from is tried again.
    }
  }

  /** Their key; undefined: none. */
  passedOver(service: string): string | undefined {
    return this.#content[service]?.passedOver;
  }

  passOver(service: string, key: string): void {
    this.#content = { ...this.#content, [service]: { passedOver: key } };
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify(this.#content));
    } catch (error) {
      log(`${this.#file} cannot be written: ${messageOf(error)}`);
    }
  }
}
