/** Folders of a guest that the desktop shows. `folder`, `act`: of main's choosing, rising, never used twice. */
import type { AcceptedChange, ActResult } from "#shared/protocol/folders.ts";
import { serviceContract } from "../contract.ts";

/** `name`: a new one, in the same folder; `restore`: back from the trash, where `path` is. */
export type FileActKind = { kind: "rename"; name: Uint8Array } | { kind: "trash" } | { kind: "restore" };

export type FoldersOrder =
  /** `path`: absolute, or relative to the user's home. It is made where it is not there. */
  | { type: "show"; folder: number; path: Uint8Array }
  | { type: "hide"; folder: number }
  /** A whole change has been taken: the next one may come. */
  | { type: "seen"; folder: number }
  | { type: "act"; act: number; path: Uint8Array; what: FileActKind };

export type FoldersEvent =
  ({ type: "changed"; folder: number } & AcceptedChange) | { type: "acted"; act: number; result: ActResult };

export const FOLDERS = serviceContract<FoldersOrder, FoldersEvent>("folders");
