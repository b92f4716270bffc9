/** Files on their way from one party to another, as people see it: plain data. */
import type { CrossingParty } from "./crossing.ts";

/**
 * `waiting`: for its turn, for the list of its files, or for the person's answer; `scanning`: held until scanners have looked at
 * all of it; `interrupted`: it can be resumed. The last four
 * are ends.
 */
export const TRANSFER_STATES = [
  "waiting",
  "scanning",
  "moving",
  "paused",
  "interrupted",
  "done",
  "denied",
  "failed",
  "cancelled",
] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

export const ENDED_TRANSFER_STATES: readonly TransferState[] = ["done", "denied", "failed", "cancelled"];

/** Of one file or folder. `kept-both`: whole, under another name; `same`: it was there already; `skipped`: the source leaves it out. */
export const FILE_STATES = ["waiting", "moving", "whole", "kept-both", "same", "refused", "failed", "skipped"] as const;
export type FileState = (typeof FILE_STATES)[number];

/** Why a file was left out, refused or failed: FileReason of the wire. */
export const FILE_REASONS = [
  "symlink",
  "special",
  "unreadable",
  "gone",
  "changed",
  "name",
  "collision",
  "too-large",
  "too-many",
  "too-deep",
  "size",
  "digest",
  "no-space",
  "unwritable",
  "empty",
  "stopped",
] as const;
export type FileReason = (typeof FILE_REASONS)[number];

/** Why a file was held, which nobody says on the wire: what a scanner has found, or that none could look at all of it. */
export const HELD_REASONS = ["scan.found", "scan.not-scanned"] as const;
export type HeldReason = (typeof HELD_REASONS)[number];
/** Why a file of a transfer is not at its target. */
export type NotArrivedReason = FileReason | HeldReason;

/** The same for people. */
export const FILE_REASON_WORDS: Readonly<Record<NotArrivedReason, string>> = {
  symlink: "a symbolic link is not sent",
  special: "neither a file nor a folder",
  unreadable: "cannot be read",
  gone: "is not there",
  changed: "was changed while it was read",
  name: "its name cannot be used elsewhere",
  collision: "its name differs from another only in case or in the form of its letters",
  "too-large": "too large",
  "too-many": "too many files",
  "too-deep": "too many folders in folders",
  size: "other bytes came than were listed",
  digest: "other bytes came than were read",
  "no-space": "the disk is full there",
  unwritable: "cannot be written there",
  empty: "came back empty",
  stopped: "the transfer ended before",
  "scan.found": "held, as a scanner has found something in it",
  "scan.not-scanned": "held, as it could not be scanned",
};

/** What is wrong may be another time when it is tried again. */
export const RETRIED_REASONS: readonly NotArrivedReason[] = [
  "unreadable",
  "gone",
  "changed",
  "size",
  "digest",
  "no-space",
  "unwritable",
  "stopped",
  "scan.not-scanned",
];

export interface TransferView {
  id: number;
  from: CrossingParty;
  to: CrossingParty;
  /** The name of the first file or folder that was chosen, cleaned: the guest's word. */
  name: string;
  /** How many were chosen. */
  chosen: number;
  state: TransferState;
  /** For people: what it waits for, or what went wrong; "" = nothing. */
  detail: string;
  /** Files and folders of it, with those that were left out; those that are there. */
  files: number;
  doneFiles: number;
  bytes: number;
  doneBytes: number;
  /** Bytes a second of the last seconds; null: not known. */
  rate: number | null;
  /** Seconds that are left; null: not known. */
  remainingS: number | null;
  /** Files that were left out, refused, or have failed. */
  failed: number;
  /** Some of these can be tried again. */
  canRetry: boolean;
}

/** A file or folder of one transfer. */
export interface TransferFile {
  index: number;
  /** Relative; hidden characters are in it: the guest's word. */
  path: string;
  isFolder: boolean;
  bytes: number;
  state: FileState;
  reason: NotArrivedReason | null;
  /** What the scanners have said, for people: guest text, cleaned; "" where nothing was said against it. */
  scan: string;
  /** A file that is there, at a place that is known: it can be opened by transfer and index. */
  canOpen: boolean;
}
