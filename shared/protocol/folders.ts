/**
 * The folders of one VM that the desktop shows, and what a person does to files there, host's side. Pure.
 *
 *   a folder:  show() -> reporting --FolderChanged, last--> reported --seen() --> reporting ... hide() -> over
 *              One report is bounded: a guest that never ends one would keep the host from all else.
 *   an act:    act() -> waiting --FileActed--> over
 */
import { FILE_REASONS, type FileReason } from "../model/transfer.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_FILE_ACTS, MAX_FOLDER_ENTRIES, MAX_FOLDERS } from "./limits.ts";
import { absolutePath, fileName } from "./paths.ts";
import { boundedInteger, MAX_TIME_S, MAX_U32, refuse } from "./violation.ts";

export interface FolderItem {
  /** One component of a path. The guest's word, and not always UTF-8. */
  name: Uint8Array;
  isFolder: boolean;
  /** Bytes; 0 of a folder. */
  size: number;
  /** Seconds since 1970. */
  modifiedS: number;
}

/** One part of a change. */
export interface AcceptedChange {
  /** What was reported before counts for nothing. */
  isReset: boolean;
  items: FolderItem[];
  removed: Uint8Array[];
  isLast: boolean;
  /** Of a last part: so many more are there, and not listed. */
  more: number;
}

/** `path`: absolute, of where it is now. */
export type ActResult = { done: true; path: Uint8Array } | { done: false; reason: FileReason };

interface Folder {
  isReported: boolean;
  /** Between the first part of a change and its last. */
  isInParts: boolean;
  /** Entries and names in the parts of the present change. */
  count: number;
  /** Names that are there, as latin1: any bytes. */
  readonly names: Set<string>;
}

/** Of one change: all that was there may be gone, and as much be new. */
const MAX_CHANGES = 2 * MAX_FOLDER_ENTRIES;

export class FoldersTable {
  readonly #folders = new Map<number, Folder>();
  readonly #acts = new Set<number>();
  #lastFolder = 0;

  // ---- what the host says ----------------------------------------------------------------------------------

  /** Before FolderShow is sent; false: no more can be shown. */
  show(folder: number): boolean {
    if (this.#folders.size >= MAX_FOLDERS) return false;
    this.#folders.set(folder, { isReported: false, isInParts: false, count: 0, names: new Set() });
    this.#lastFolder = Math.max(this.#lastFolder, folder);
    return true;
  }

  /** Before FolderHide is sent; false: it is not shown. */
  hide(folder: number): boolean {
    return this.#folders.delete(folder);
  }

  /** Before FolderSeen is sent; false: nothing was reported. */
  seen(folder: number): boolean {
    const shown = this.#folders.get(folder);
    if (shown === undefined || !shown.isReported) return false;
    shown.isReported = false;
    return true;
  }

  /** Before FileAct is sent; false: too many wait for their answer. */
  act(act: number): boolean {
    if (this.#acts.size >= MAX_FILE_ACTS) return false;
    this.#acts.add(act);
    return true;
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  /** null: it is not shown any more. */
  acceptChanged(untrusted: WireMessageOf<"folderChanged">): AcceptedChange | null {
    const { folder: id, reset, entries, removed, last, more } = untrusted;
    if (id < 1 || id > this.#lastFolder) refuse("unknown-folder", `folder ${id} was never shown`);
    const items = entries.map(acceptItem);
    const gone = removed.map((name) => fileName(name, "what is gone from a folder"));
    const folder = this.#folders.get(id);
    if (folder === undefined) return null;
    if (folder.isReported) refuse("wrong-state", `folder ${id} is reported again before it was seen`);
    if (reset && folder.isInParts) refuse("wrong-state", `folder ${id} is reported anew in the middle of a change`);
    if (!last && more > 0)
      refuse("wrong-state", `folder ${id}: a count of files that are not listed, before its last part`);
    if (!last && items.length + gone.length === 0) refuse("wrong-state", `folder ${id}: an empty part of a change`);
    folder.count += items.length + gone.length;
    if (folder.count > MAX_CHANGES) refuse("quota", `more than ${MAX_CHANGES} names in one change of a folder`);
    if (reset) folder.names.clear();
    for (const name of gone) folder.names.delete(keyOf(name));
    for (const { name } of items) folder.names.add(keyOf(name));
    if (folder.names.size > MAX_FOLDER_ENTRIES) refuse("quota", `more than ${MAX_FOLDER_ENTRIES} files in a folder`);
    folder.isInParts = !last;
    folder.isReported = last;
    if (last) folder.count = 0;
    return {
      isReset: reset,
      items,
      removed: gone,
      isLast: last,
      more: boundedInteger(more, 0, MAX_U32, "more files"),
    };
  }

  acceptActed({ act, reason, path }: WireMessageOf<"fileActed">): ActResult {
    if (!this.#acts.has(act)) refuse("unknown-act", `nothing was done by the number ${act}`);
    const why = FILE_REASONS[boundedInteger(reason, 0, FILE_REASONS.length, "reason") - 1];
    const result: ActResult =
      why === undefined
        ? { done: true, path: absolutePath(path, "a file that was acted on") }
        : { done: false, reason: why };
    this.#acts.delete(act);
    return result;
  }
}

function acceptItem({ name, folder, size, modifiedS }: WireMessageOf<"folderChanged">["entries"][number]): FolderItem {
  const time = Number(modifiedS);
  return {
    name: fileName(name, "a file in a folder"),
    isFolder: folder,
    size: folder ? 0 : Math.min(Number(size), Number.MAX_SAFE_INTEGER),
    modifiedS: Math.max(-MAX_TIME_S, Math.min(MAX_TIME_S, time)),
  };
}

function keyOf(name: Uint8Array): string {
  return String.fromCharCode(...name);
}
