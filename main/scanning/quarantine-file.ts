/** What is in quarantine: state/quarantine.json. The files themselves are in the scanners' VMs, and never here. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { quarantinedFile } from "#shared/ipc/quarantine.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const FILE = "quarantine.json";

const entry = z.strictObject({
  ...quarantinedFile.omit({ state: true }).shape,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of its copy, which may be the one of several files: its folder in the scanner's quarantine, and its name there. */
  key: z.string().regex(/^[0-9a-f]{32}$/),
  name: z.string().min(1),
});
export type QuarantineEntry = z.infer<typeof entry>;

const content = z.strictObject({ lastId: z.int().min(0), files: z.array(entry) });
type Content = z.infer<typeof content>;

export class QuarantineFile {
  readonly #file: string;

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, FILE);
  }

  /** null: it cannot be used. What it has lost is left alone in the scanners' VMs, as nobody knows what it is. */
  read(): Content | null {
    try {
      return content.parse(JSON.parse(fs.readFileSync(this.#file, "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { lastId: 0, files: [] };
      log(`${this.#file} cannot be used, so no file is put into quarantine, and none is shown: ${messageOf(error)}`);
      return null;
    }
  }

  /** Whether it is on the disk. */
  write(written: Content): boolean {
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify(written));
      return true;
    } catch (error) {
      log(`${this.#file} cannot be written: ${messageOf(error)}`);
      return false;
    }
  }
}
