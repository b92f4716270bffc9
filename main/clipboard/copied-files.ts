/** Files that were copied in one VM and are pasted in another: they go as a transfer, and what is pasted are those that arrived. */
import { COPIED_FILES } from "#shared/model/clip.ts";
import type { StartTransfer, TransferredFile } from "../files/transfer.ts";
import { parseFileList } from "../link/clips/file-list.ts";
import type { Vm } from "../vms/vm.ts";
import type { Clip } from "./clip.ts";
import type { ReadClip } from "./reading.ts";

/**
 * Resolves when they have arrived, or will not; never rejects.
 * @returns absolute paths in `vm` of what was chosen; none: nothing has arrived, of which the list of transfers says why
 */
export type BringFiles = (clip: Clip, vm: Vm) => Promise<readonly Uint8Array[]>;

interface Parts {
  read: ReadClip;
  startTransfer: StartTransfer;
}

export function fileBringer({ read, startTransfer }: Parts): BringFiles {
  return async (clip, vm) => {
    const source = clip.source(COPIED_FILES);
    if (source.kind !== "vm") return [];
    const end = await read(source, COPIED_FILES).deliver({ kind: "collect" });
    if (end.outcome !== "complete" || end.content === null) return [];
    // The guest's word on its own files, which it alone opens.
    const paths = parseFileList(Buffer.from(end.content).toString("utf8"));
    if (paths === null) return [];
    const { files } = await startTransfer({
      source: { party: { kind: "vm", vm: source.vm }, paths },
      target: { kind: "vm", vm },
      destination: { kind: "incoming" },
      permission: { kind: "ask" },
    }).done;
    return files.flatMap((file) => (isChosen(file) && file.arrivedAt !== null ? [file.arrivedAt] : []));
  };
}

/** Not in a folder that has arrived with it. */
function isChosen({ path }: TransferredFile): boolean {
  return !path.includes("/".charCodeAt(0));
}
