/** Files that were copied in one place and are pasted in another: they go as a transfer, and what is pasted are those that arrived. */
import { COPIED_FILES } from "#shared/model/clip.ts";
import { partyOfEnd } from "../files/parties.ts";
import type { FilesParty, StartTransfer, TransferredFile } from "../files/transfer.ts";
import type { Page } from "../ipc/page.ts";
import { type ParsedFileList, parseFileList } from "../link/clips/file-list.ts";
import { partyView } from "../policy/party-view.ts";
import type { Clip } from "./clip.ts";
import type { ClipEnd, ClipSource, ReadClip } from "./reading.ts";

/**
 * Resolves when they have arrived, or will not; never rejects.
 * @returns absolute paths at `to` of what was chosen; none: nothing has arrived, and the person has been told why
 */
export type BringFiles = (clip: Clip, to: FilesParty) => Promise<readonly Uint8Array[]>;

interface Parts {
  read: ReadClip;
  startTransfer: StartTransfer;
  page: Pick<Page, "send">;
}

export function fileBringer({ read, startTransfer, page }: Parts): BringFiles {
  return async (clip, to) => {
    const source = clip.source(COPIED_FILES);
    const from = ownerOf(clip, source);
    if (from === null) return [];
    // The word of the one who has the files, which it alone opens.
    const list = listOf(await read(source, COPIED_FILES).deliver({ kind: "collect" }));
    if (!list.ok) {
      // There is no transfer yet whose end could be told.
      page.send("clipboard.filesNotPasted", {
        from: partyView(partyOfEnd(from)),
        to: partyView(partyOfEnd(to)),
        why: list.by,
      });
      return [];
    }
    const { paths } = list;
    const { files } = await startTransfer({
      source: { party: from, paths },
      target: to,
      destination: { kind: "incoming" },
      permission: { kind: "ask" },
    }).done;
    return files.flatMap((file) => (isChosen(file) && file.arrivedAt !== null ? [file.arrivedAt] : []));
  };
}

/** Whose files a list names: a guest's names its own alone. null: nobody's. */
function ownerOf({ from }: Clip, source: ClipSource): FilesParty | null {
  if (source.kind === "vm") return { kind: "vm", vm: source.vm };
  return from.kind === "host" && source.kind === "later" ? { kind: "host" } : null;
}

function listOf(end: ClipEnd): ParsedFileList | { ok: false; by: "source" } {
  if (end.outcome === "complete") return parseFileList(Buffer.from(end.content ?? []).toString("utf8"));
  return { ok: false, by: end.by === "size" || end.by === "content" ? end.by : "source" };
}

/** Not in a folder that has arrived with it. */
function isChosen({ path }: TransferredFile): boolean {
  return !path.includes("/".charCodeAt(0));
}
