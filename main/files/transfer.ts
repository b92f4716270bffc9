/** Files on their way from one party to another: what a broker asks for, and what it is told. The bytes never pass through main. */
import type { NotArrivedReason, TransferState } from "#shared/model/transfer.ts";
import type { Crossing } from "../policy/crossing.ts";
import type { Vm } from "../vms/vm.ts";

/** Who has the files, or gets them. */
export type FilesParty = { kind: "vm"; vm: Vm } | { kind: "host" };

export type FilesSource =
  /**
   * Paths there: absolute, or relative to the user's home; a guest's names need not be UTF-8. `name`: what is at the only path is one
   * file, and has this name at its target.
   */
  | { party: FilesParty; paths: readonly Uint8Array[]; name?: Uint8Array }
  /** What a program of this guest has asked for (OpenWanted, SendWanted). */
  | { party: { kind: "vm"; vm: Vm }; wanted: number };

export type FilesDestination =
  /** A folder of the source's name in the user's folder for what came in. */
  | { kind: "incoming" }
  /** What ends in "/" is a folder. */
  | { kind: "path"; path: Uint8Array }
  /** One file that is opened next, in a folder of its own. */
  | { kind: "opened"; isReadOnly: boolean }
  /** An edited file that comes back. `sha256`: of the file that went out, hexadecimal; where it is another now, both are kept. */
  | { kind: "replaced"; path: Uint8Array; sha256: string };

export interface TransferRequest {
  source: FilesSource;
  target: FilesParty;
  destination: FilesDestination;
  /**
   * `ask`: the broker asks `Crossings` for `file.send`. Else the caller has been allowed this crossing already (`file.open`), and
   * its end is told under this number of the audit log. `crossing`: that one; it ends where the policy denies it later. `admits`: asked when the size is known; why so many bytes may not go, for
   * people, or null. `scans`: the rule lets through only what scanners have passed; `oneScannerSuffices`: of several one is enough. `unscanned`: the crossing that the
   * person is asked about where no scanner could look at it. `takesSafeCopy`: called, and the file is held, where they choose a
   * safe copy in its place, which is offered then. `sha256`: of the one file, hexadecimal: others
   * are refused.
   */
  permission:
    | { kind: "ask" }
    | {
        kind: "given";
        seq: number | null;
        crossing: Crossing;
        scans?: boolean;
        oneScannerSuffices?: boolean;
        unscanned?: Crossing | null;
        takesSafeCopy?: (() => void) | undefined;
        sha256?: string;
        admits?: (bytes: number) => string | null;
      };
}

/** One file or folder of a transfer that has ended, or was left out. */
export interface TransferredFile {
  index: number;
  /** Relative, as the source has listed it: the guest's word, to be cleaned before it is shown. */
  path: Uint8Array;
  isFolder: boolean;
  /** Its size as it was listed. */
  bytes: number;
  outcome: "whole" | "kept-both" | "same" | "refused" | "failed" | "skipped";
  /** null where nothing is wrong. */
  reason: NotArrivedReason | null;
  /** What scanners have said against it, for people; "" = nothing. */
  scan: string;
  /** Hexadecimal; null: not whole, or a folder. */
  sha256: string | null;
  /** Absolute path at the target, of what was chosen and of what got another name; null: not known. */
  arrivedAt: Uint8Array | null;
}

export interface TransferEnd {
  state: Extract<TransferState, "interrupted" | "done" | "denied" | "failed" | "cancelled">;
  files: readonly TransferredFile[];
  /** Of files that are whole. */
  bytes: number;
  seconds: number;
  /** For people: what went wrong; "" = nothing. */
  detail: string;
}

export interface Transfer {
  readonly id: number;
  readonly state: TransferState;
  /** Never rejects. A transfer that is resumed has a new one. */
  readonly done: Promise<TransferEnd>;
}

export interface StartOptions {
  /** Aborted: cancelled. */
  signal?: AbortSignal;
  /** Aborted: nobody waits for the person's answer any more. */
  askSignal?: AbortSignal;
  /** Called when it is decided whether it may cross, or it is over before. */
  decided?: () => void;
}

/** Starts a transfer; it is in the list of transfers from then on. */
export type StartTransfer = (request: TransferRequest, options?: StartOptions) => Transfer;
