/**
 * A list of copied files. Between two VMs no such list goes: main reads the source's, has the files themselves brought, and
 * gives the target a list of those that have arrived there.
 */
import { parseFileList } from "./file-list.ts";
import type { ClipFilter, Filtered } from "./filter.ts";

/** Of the whole list: as many files as can be chosen at once, with long names. */
export const MAX_FILE_LIST_BYTES = 1024 * 1024;

export class FileListFilter implements ClipFilter {
  readonly characters = null;
  readonly #chunks: Uint8Array[] = [];
  heldBytes = 0;

  push(untrusted: Uint8Array): Filtered {
    this.heldBytes += untrusted.length;
    if (this.heldBytes > MAX_FILE_LIST_BYTES) return { ok: false, by: "size" };
    this.#chunks.push(untrusted);
    return { ok: true, bytes: new Uint8Array(0) };
  }

  end(): Filtered {
    const untrustedList = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    this.heldBytes = 0;
    const parsed = parseFileList(untrustedList.toString("utf8"));
    return parsed.ok ? { ok: true, bytes: untrustedList } : parsed;
  }
}
