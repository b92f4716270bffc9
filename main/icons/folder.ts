/** A folder whose files the desktop shows, whoever has it. */
import type { FileReason } from "#shared/model/transfer.ts";

export interface FolderFile {
  /** One component of a path; a guest's need not be UTF-8. */
  name: Uint8Array;
  isFolder: boolean;
  /** Bytes; 0 of a folder. */
  size: number;
  /** Seconds since 1970. */
  modifiedS: number;
}

export type FileChange =
  | { kind: "rename"; name: Uint8Array }
  | { kind: "trash" }
  /** Back from where `trash` has put it. */
  | { kind: "restore" };

/** `path`: of where the file is now; null: it cannot be said. */
export type ChangeResult = { done: true; path: Uint8Array | null } | { done: false; reason: FileReason };

export interface FolderListener {
  /** All that is there, `more` beside it. The next change is reported after `seen`. */
  changed: (files: readonly FolderFile[], more: number, seen: () => void) => void;
  /** Nothing is known of it any more: it can be shown anew. */
  lost: () => void;
}

export interface ShownFolder {
  /** Of a file in it: absolute, or relative to the user's home. */
  pathOf(name: Uint8Array): Uint8Array;
  /** Returns a function that ends it. */
  show(listener: FolderListener): () => void;
  change(path: Uint8Array, what: FileChange): Promise<ChangeResult>;
  /** False: what was put into the trash stays there. */
  readonly canRestore: boolean;
}
