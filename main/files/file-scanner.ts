/** What looks at the files of a transfer before its target gets them: the scanner (main/scanning), as transfers know it. */
import type { FileVerdict } from "#shared/model/scan.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import type { FilesToList } from "../link/contracts/files.ts";
import type { FilesEnd } from "./host-files.ts";
import type { FilesParty } from "./transfer.ts";

/** Where the files are. */
export interface ScanSource {
  end: FilesEnd;
  what: FilesToList;
  party: FilesParty;
}

export interface FileScanner {
  /** Of those of `listed` that are files, by index. Never rejects: what cannot be looked at has a verdict that says so. */
  scan(
    source: ScanSource,
    listed: readonly ListedFile[],
    options: { signal: AbortSignal; to: FilesParty },
  ): Promise<ReadonlyMap<number, FileVerdict>>;
}
