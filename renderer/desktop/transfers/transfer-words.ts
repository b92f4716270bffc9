/** Transfers and their files in words of the desktop, and what can be done to them. Pure. */
import {
  Ban,
  Check,
  CircleAlert,
  CircleSlash,
  Clock,
  Copy,
  Equal,
  type LucideIcon,
  MoveRight,
  Pause,
  ScanSearch,
  ShieldAlert,
  SkipForward,
  Unplug,
  X,
} from "lucide-react";
import {
  ENDED_TRANSFER_STATES,
  FILE_REASON_WORDS,
  type FileState,
  type TransferFile,
  type TransferState,
  type TransferView,
} from "#shared/model/transfer.ts";
import { bytesWords, countOf, countWords, durationWords } from "../../ui/format.ts";
import { quoted } from "../../ui/quoted.ts";

/** `bad`: a person may want to do something about it. */
export type Tone = "quiet" | "busy" | "good" | "warning" | "bad";

export interface StateWords {
  word: string;
  Icon: LucideIcon;
  tone: Tone;
}

export const TRANSFER_WORDS: Readonly<Record<TransferState, StateWords>> = {
  waiting: { word: "waiting", Icon: Clock, tone: "quiet" },
  scanning: { word: "being scanned", Icon: ScanSearch, tone: "busy" },
  moving: { word: "moving", Icon: MoveRight, tone: "busy" },
  paused: { word: "paused", Icon: Pause, tone: "warning" },
  interrupted: { word: "interrupted", Icon: Unplug, tone: "warning" },
  done: { word: "done", Icon: Check, tone: "good" },
  denied: { word: "denied", Icon: Ban, tone: "bad" },
  failed: { word: "failed", Icon: CircleAlert, tone: "bad" },
  cancelled: { word: "cancelled", Icon: X, tone: "quiet" },
};

export const FILE_WORDS: Readonly<Record<FileState, StateWords>> = {
  waiting: { word: "waiting", Icon: Clock, tone: "quiet" },
  moving: { word: "moving", Icon: MoveRight, tone: "busy" },
  whole: { word: "done", Icon: Check, tone: "good" },
  "kept-both": { word: "kept both", Icon: Copy, tone: "good" },
  same: { word: "skipped", Icon: Equal, tone: "quiet" },
  refused: { word: "refused", Icon: Ban, tone: "bad" },
  failed: { word: "failed", Icon: CircleSlash, tone: "bad" },
  skipped: { word: "skipped", Icon: SkipForward, tone: "warning" },
};

/** As it is, where its state alone does not say it. */
export function fileWords({ state, reason }: Pick<TransferFile, "state" | "reason">): StateWords {
  const isHeld = reason === "scan.found" || reason === "scan.not-scanned";
  return isHeld ? { word: "held", Icon: ShieldAlert, tone: "bad" } : FILE_WORDS[state];
}

/** Why a file is as it is, where its state alone does not say it; "" = nothing more to say. */
export function fileReason({
  state,
  reason,
  scan,
  isClean,
}: Omit<TransferFile, "index" | "path" | "isFolder" | "bytes" | "canOpen">): string {
  if (state === "same") return "the same file was there already";
  if (state === "kept-both") return "there was another file of its name: it has a new one";
  if (scan !== "") return scan;
  if (reason === null) return isClean ? "scanned, clean" : "";
  return FILE_REASON_WORDS[reason];
}

export function isEnded({ state }: Pick<TransferView, "state">): boolean {
  return ENDED_TRANSFER_STATES.includes(state);
}

/** Something of it has not arrived, and will not by itself. */
export function hasLosses({ state, failed }: Pick<TransferView, "state" | "failed">): boolean {
  return failed > 0 || state === "failed" || state === "denied" || state === "interrupted";
}

/** What a person can do to a transfer. */
export type TransferVerb = "pause" | "resume" | "cancel" | "retry";

export function verbsOf({ state, canRetry }: Pick<TransferView, "state" | "canRetry">): readonly TransferVerb[] {
  switch (state) {
    case "waiting":
    case "scanning":
      return ["cancel"];
    case "moving":
      return ["pause", "cancel"];
    case "paused":
    case "interrupted":
      return ["resume", "cancel"];
    case "done":
    case "denied":
    case "failed":
    case "cancelled":
      return canRetry ? ["retry"] : [];
  }
}

/** How much of it has been dealt with, from 0 to 1; of empty files their count tells. */
export function shareOf({ state, bytes, doneBytes, files, doneFiles }: TransferView): number {
  if (state === "done") return 1;
  const share = bytes > 0 ? doneBytes / bytes : files > 0 ? doneFiles / files : 0;
  return Math.min(1, Math.max(0, share));
}

/** `94 %`: what is not whole is never 100 %. */
export function percentWords(share: number): string {
  return `${share >= 1 ? 100 : Math.min(99, Math.floor(share * 100))} %`;
}

/** `79 of 131 MB`, with one unit where both have the same. */
export function progressWords(doneBytes: number, bytes: number): string {
  const [done, all] = [bytesWords(doneBytes), bytesWords(bytes)];
  const [number, unit] = done.split(" ");
  return `${all.endsWith(` ${unit}`) && number !== undefined ? number : done} of ${all}`;
}

/** `79 of 131 MB · 6.4 MB/s · 8 s left`, as far as it is known. */
export function paceWords({ state, bytes, doneBytes, rate, remainingS }: TransferView): string[] {
  // Before its files are listed nothing is known of them.
  const words = bytes === 0 ? [] : [progressWords(doneBytes, bytes)];
  if (state !== "moving") return words;
  if (rate !== null) words.push(`${bytesWords(Math.round(rate))}/s`);
  if (remainingS !== null) words.push(`${durationWords(remainingS)} left`);
  return words;
}

/** `2 of 8 files done, 1 did not arrive`. */
export function countsWords({ files, doneFiles, failed, state }: TransferView): string {
  if (files === 0 && failed === 0) return state === "waiting" ? "its files are being listed" : "no files";
  const done =
    doneFiles === files
      ? `${countOf(files, "file")} done`
      : `${countWords(doneFiles)} of ${countOf(files, "file")} done`;
  return failed === 0 ? done : `${done}, ${countWords(failed)} did not arrive`;
}

/** What is sent, as the object of a sentence: `“notes.txt”`, `“photos” and 3 more`. */
export function objectWords({ name, chosen }: Pick<TransferView, "name" | "chosen">): string {
  if (name === "") return chosen === 1 ? "a file" : countOf(chosen, "file");
  return chosen > 1 ? `${quoted(name)} and ${countWords(chosen - 1)} more` : quoted(name);
}

/** Transfers of the list that a person has to do something about before they go on. */
export function waitingForPerson(transfers: readonly TransferView[]): number {
  return transfers.filter(({ state }) => state === "interrupted").length;
}

/** What is under way as a whole, for the top bar; null: nothing is. */
export interface Underway {
  count: number;
  /** From 0 to 1, of all of them together. */
  share: number;
  /** Nothing of it moves now. */
  isHalted: boolean;
}

export function underwayOf(transfers: readonly TransferView[]): Underway | null {
  const open = transfers.filter((one) => !isEnded(one));
  if (open.length === 0) return null;
  const bytes = open.reduce((sum, one) => sum + one.bytes, 0);
  const doneBytes = open.reduce((sum, one) => sum + Math.min(one.doneBytes, one.bytes), 0);
  const share = bytes > 0 ? doneBytes / bytes : open.reduce((sum, one) => sum + shareOf(one), 0) / open.length;
  const isHalted = open.every(({ state }) => state === "paused" || state === "interrupted");
  return { count: open.length, share, isHalted };
}
