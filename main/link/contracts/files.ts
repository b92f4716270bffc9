/**
 * File transfers of a guest, and files of it that are watched. `transfer`, `watch`: of main's choosing, rising, never used twice.
 * The bytes are the streams service's: main joins the source's stream with the target's.
 */
import type { FileReason } from "#shared/model/transfer.ts";
import type { ArrivedFile, ListedFile, ResumePoint } from "#shared/protocol/files.ts";
import { serviceContract } from "../contract.ts";

export type FilesToList = { paths: readonly Uint8Array[] } | { wanted: number };

export type ReceivedInto =
  | { kind: "incoming" }
  | { kind: "path"; path: Uint8Array }
  /** `sha256`: of the file that went out, 32 bytes. */
  | { kind: "replaced"; path: Uint8Array; sha256: Uint8Array };

export interface Receiving {
  /** 16 bytes; the same when a transfer is resumed. */
  key: Uint8Array;
  /** The source's name. */
  origin: string;
  into: ReceivedInto;
  /** Entries that will be expected, and bytes of all files. */
  files: number;
  bytes: number;
  /** One file that is opened next. */
  isOpened: boolean;
  isReadOnly: boolean;
}

export type FilesOrder =
  | { type: "list"; transfer: number; what: FilesToList }
  | { type: "send"; transfer: number; from: ResumePoint; leftOut: readonly number[] }
  | { type: "receive"; transfer: number; receiving: Receiving }
  /** Files and folders, in the order of the list; in parts. */
  | { type: "expect"; transfer: number; files: readonly ListedFile[]; isLast: boolean }
  | { type: "pause"; transfer: number; isPaused: boolean }
  /** `keep`: what came of the file that is not whole, so that the transfer can be resumed. */
  | { type: "stop"; transfer: number; keep: boolean }
  | { type: "watch"; watch: number; path: Uint8Array }
  | { type: "unwatch"; watch: number };

export type FilesEvent =
  | { type: "listed"; transfer: number; files: ListedFile[]; isLast: boolean }
  /** It was told to send or to receive, by this stream. */
  | { type: "streamOpened"; transfer: number; stream: number }
  | { type: "ready"; transfer: number; from: ResumePoint }
  /** `bytes`: of all files, so far. */
  | { type: "done"; transfer: number; files: ArrivedFile[]; bytes: number }
  /** The last event of a transfer. `detail`: cleaned. */
  | { type: "ended"; transfer: number; reason: FileReason | null; detail: string }
  /** Some times a second at most, the newest of each. */
  | { type: "saved"; watch: number; size: number; sha256: Uint8Array };

export const FILES = serviceContract<FilesOrder, FilesEvent>("files");
