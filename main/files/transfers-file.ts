/** Transfers that are on their way, so that they can be resumed after any end of the application: state/transfers.json. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const FILE = "transfers.json";
/** What could not be read is here before the file is written anew. */
const UNREAD = "transfers-unread.json";
const vmId = z.custom<VmId>((value) => typeof value === "string" && VM_ID_PATTERN.test(value));
const count = z.int().min(0);

const kept = z.strictObject({
  id: z.int().min(1),
  /** null: the host. */
  from: vmId.nullable(),
  to: vmId.nullable(),
  /** Base64: names need not be UTF-8. */
  paths: z.array(z.base64()).min(1),
  /** Base64; null: the folder for what comes in. */
  target: z.base64().nullable(),
  key: z.string().regex(/^[0-9a-f]{32}$/),
  name: z.string(),
  chosen: count,
  files: count,
  bytes: count,
  doneBytes: count,
  listDigest: z.string(),
  /** Base64, of a transfer that was tried again: of the paths that it sends alone; null: it sends all. */
  only: z.array(z.base64()).nullable().default(null),
});
export type KeptTransfer = z.infer<typeof kept>;

export class TransfersFile {
  readonly #file: string;
  /** It is there, and could not be read. */
  #isUnread = false;

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, FILE);
  }

  /** What cannot be read is no transfer: its files are whole or not there, whatever becomes of the rest. */
  read(): KeptTransfer[] {
    let text: string;
    try {
      text = fs.readFileSync(this.#file, "utf8");
    } catch (error) {
      // Only then there is none.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      log(`${this.#file} cannot be read, so no transfer can be resumed: ${messageOf(error)}`);
      this.#isUnread = true;
      return [];
    }
    try {
      return z.array(kept).parse(JSON.parse(text));
    } catch (error) {
      log(`${this.#file} cannot be used, so no transfer can be resumed: ${messageOf(error)}`);
      return [];
    }
  }

  /** On the disk when it returns. */
  write(transfers: readonly KeptTransfer[]): void {
    try {
      if (this.#isUnread) fs.renameSync(this.#file, path.join(path.dirname(this.#file), UNREAD));
      this.#isUnread = false;
      writeFileAtomicallySync(this.#file, JSON.stringify(transfers));
    } catch (error) {
      log(`${this.#file} cannot be written, so no transfer can be resumed: ${messageOf(error)}`);
    }
  }
}
