/**
 * The file transfers of one VM, host's side: which are open, what was listed, what may still arrive. Pure. The order of messages
 * is said in atoll.proto ("Files").
 *
 *   a source:  listing --FilesListed, last--> listed --send()--> sending --FilesEnded--> over
 *   a target:  expecting --expect(), last--> expected --FilesReady--> receiving --FilesEnded--> over
 *   any of them: --FilesEnded--> over; what a source has sent may still be on its way
 */
import { cleanText } from "../model/text.ts";
import { FILE_REASONS, type FileReason } from "../model/transfer.ts";
import { FileKind, FileOutcome } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import {
  MAX_DETAIL_BYTES,
  MAX_FILE_RESULTS,
  MAX_FILE_WATCHES,
  MAX_FILES,
  MAX_FILES_PATH_BYTES,
  MAX_TRANSFER_BYTES,
  MAX_TRANSFERS,
} from "./limits.ts";
import { absolutePath, digest, relativePath } from "./paths.ts";
import type { StreamTable } from "./streams.ts";
import { boundedInteger, boundedText, MAX_TIME_S, MAX_U32, refuse } from "./violation.ts";

export interface ListedFile {
  /** From 0, without a gap in a list. */
  index: number;
  kind: "file" | "folder" | "left-out";
  /** Relative; its first component is the name of what was chosen. The guest's word, and not always UTF-8. */
  path: Uint8Array;
  /** Bytes; 0 of a folder. */
  size: number;
  executable: boolean;
  /** Seconds since 1970. */
  modifiedS: number;
  /** Of what is left out. */
  reason: FileReason | null;
  /** Of a file that was scanned, 32 bytes: a target takes these bytes alone. No source says it. */
  sha256?: Uint8Array;
}

export interface ArrivedFile {
  index: number;
  outcome: "whole" | "kept-both" | "same" | "refused" | "failed";
  /** Of what is refused or has failed. */
  reason: FileReason | null;
  /** Of a file that is there: 32 bytes; else empty. */
  sha256: Uint8Array;
  /** Absolute, of what was chosen and of what got another name; else empty. */
  path: Uint8Array;
}

/** Where an interrupted transfer goes on. */
export interface ResumePoint {
  first: number;
  /** Bytes of `first` that are there. */
  offset: number;
  /** Of these bytes; empty where there are none. */
  prefixSha256: Uint8Array;
}

export interface TransferEnded {
  /** null: all that it was told is done. */
  reason: FileReason | null;
  /** Cleaned; the guest's word. */
  detail: string;
}

interface Source {
  role: "source";
  state: "listing" | "listed" | "sending";
  files: number;
  pathBytes: number;
  bytes: number;
  stream: number | null;
}

interface Target {
  role: "target";
  state: "expecting" | "expected" | "receiving";
  stream: number;
  /** Not done yet: size by index; null: a folder. */
  readonly open: Map<number, number | null>;
  /** Indices are below. */
  end: number;
  bytes: number;
}

const OUTCOMES: Readonly<Partial<Record<FileOutcome, ArrivedFile["outcome"]>>> = {
  [FileOutcome.WHOLE]: "whole",
  [FileOutcome.KEPT_BOTH]: "kept-both",
  [FileOutcome.SAME]: "same",
  [FileOutcome.REFUSED]: "refused",
  [FileOutcome.FAILED]: "failed",
};

export class FilesTable {
  readonly #transfers = new Map<number, Source | Target>();
  readonly #watches = new Set<number>();
  readonly #streams: StreamTable;
  #lastWatch = 0;

  constructor(streams: StreamTable) {
    this.#streams = streams;
  }

  isOpen(transfer: number): boolean {
    return this.#transfers.has(transfer);
  }

  // ---- what the host says ----------------------------------------------------------------------------------

  /** Before FilesList is sent; false: no more can be open. */
  list(transfer: number): boolean {
    if (this.#transfers.size >= MAX_TRANSFERS) return false;
    this.#transfers.set(transfer, { role: "source", state: "listing", files: 0, pathBytes: 0, bytes: 0, stream: null });
    return true;
  }

  /** Before FilesSend is sent: the stream that the agent writes; null: it cannot be. */
  send(transfer: number): number | null {
    const source = this.#transfers.get(transfer);
    if (source?.role !== "source" || source.state !== "listed") return null;
    source.stream = this.#streams.open("agent");
    if (source.stream !== null) source.state = "sending";
    return source.stream;
  }

  /** Before FilesReceive is sent: the stream that the agent reads; null: no more can be open. */
  receive(transfer: number): number | null {
    if (this.#transfers.size >= MAX_TRANSFERS) return null;
    const stream = this.#streams.open("host");
    if (stream === null) return null;
    this.#transfers.set(transfer, { role: "target", state: "expecting", stream, open: new Map(), end: 0, bytes: 0 });
    return stream;
  }

  /** Before FilesExpected is sent; false: it expects no more. */
  expect(transfer: number, files: readonly ListedFile[], isLast: boolean): boolean {
    const target = this.#transfers.get(transfer);
    if (target?.role !== "target" || target.state !== "expecting") return false;
    for (const { index, kind, size } of files) {
      target.open.set(index, kind === "folder" ? null : size);
      target.end = Math.max(target.end, index + 1);
      target.bytes += kind === "folder" ? 0 : size;
    }
    if (isLast) target.state = "expected";
    return true;
  }

  /** Before FileWatch is sent; false: no more can be watched. */
  watch(watch: number): boolean {
    if (this.#watches.size >= MAX_FILE_WATCHES) return false;
    this.#watches.add(watch);
    this.#lastWatch = watch;
    return true;
  }

  /** Before FileUnwatch is sent; false: it is not watched. */
  unwatch(watch: number): boolean {
    return this.#watches.delete(watch);
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  acceptListed({ transfer, entries, last }: WireMessageOf<"filesListed">): ListedFile[] {
    const source = this.#require(transfer);
    if (source.role !== "source" || source.state !== "listing")
      refuse("wrong-state", `transfer ${transfer} is not being listed`);
    if (entries.length === 0 && !last) refuse("wrong-state", `transfer ${transfer}: a part of a list without entries`);
    if (source.files + entries.length > MAX_FILES) refuse("quota", `more than ${MAX_FILES} files in a list`);
    const files = entries.map((entry, at) => acceptEntry(entry, source.files + at));
    source.files += files.length;
    for (const { path, size, kind } of files) {
      source.pathBytes += path.length;
      if (kind !== "left-out") source.bytes += size;
    }
    if (source.pathBytes > MAX_FILES_PATH_BYTES) refuse("quota", `more than ${MAX_FILES_PATH_BYTES} bytes of paths`);
    if (source.bytes > MAX_TRANSFER_BYTES) refuse("quota", `more than ${MAX_TRANSFER_BYTES} bytes in a transfer`);
    if (last) source.state = "listed";
    return files;
  }

  acceptReady({ transfer, first, offset, prefixSha256 }: WireMessageOf<"filesReady">): ResumePoint {
    const target = this.#require(transfer);
    if (target.role !== "target" || target.state !== "expected")
      refuse("wrong-state", `transfer ${transfer} is not expected`);
    boundedInteger(first, 0, target.end, "first file");
    // Without a size it is done, or no file: nothing of it can be there in part.
    const bytes = boundedSize(offset, target.open.get(first) ?? 0, "bytes that are there");
    if (bytes === 0 && prefixSha256.length > 0) refuse("number-out-of-range", "the digest of no bytes");
    if (bytes > 0) digest(prefixSha256, false, "the digest of what is there");
    target.state = "receiving";
    return { first, offset: bytes, prefixSha256 };
  }

  acceptDone({ transfer, results, bytes }: WireMessageOf<"filesDone">): { files: ArrivedFile[]; bytes: number } {
    const target = this.#require(transfer);
    if (target.role !== "target") return refuse("wrong-state", `transfer ${transfer} is a source's`);
    if (results.length > MAX_FILE_RESULTS) refuse("quota", `more than ${MAX_FILE_RESULTS} results`);
    const files = results.map((result) => acceptResult(target, result));
    return { files, bytes: boundedSize(bytes, target.bytes, "bytes that have come") };
  }

  acceptEnded({ transfer, reason, detail }: WireMessageOf<"filesEnded">): TransferEnded {
    const ended = this.#require(transfer);
    const words = cleanText(boundedText(detail, MAX_DETAIL_BYTES, "detail"));
    const why = boundedInteger(reason, 0, FILE_REASONS.length, "reason");
    this.#transfers.delete(transfer);
    if (ended.role === "target") this.#streams.drop(ended.stream);
    return { reason: FILE_REASONS[why - 1] ?? null, detail: words };
  }

  /** null: it is not watched any more. */
  acceptSaved({ watch, size, sha256 }: WireMessageOf<"fileSaved">): { size: number; sha256: Uint8Array } | null {
    if (watch < 1 || watch > this.#lastWatch) refuse("unknown-watch", `file ${watch} was never watched`);
    digest(sha256, false, "the digest of a saved file");
    const saved = { size: Math.min(Number(size), Number.MAX_SAFE_INTEGER), sha256 };
    return this.#watches.has(watch) ? saved : null;
  }

  #require(transfer: number): Source | Target {
    boundedInteger(transfer, 0, MAX_U32, "number of a transfer");
    return this.#transfers.get(transfer) ?? refuse("unknown-transfer", `transfer ${transfer} is not open`);
  }
}

type Entry = WireMessageOf<"filesListed">["entries"][number];

function acceptEntry(untrusted: Entry, expectedIndex: number): ListedFile {
  const { index, kind, executable, modifiedS } = untrusted;
  if (untrusted.sha256.length > 0) refuse("number-out-of-range", "a listed file has a digest");
  if (index !== expectedIndex) refuse("number-out-of-range", `file ${index} in place of ${expectedIndex}`);
  const path = relativePath(untrusted.path, "a listed file");
  const time = Number(modifiedS);
  const entry = { index, path, executable, modifiedS: Math.max(-MAX_TIME_S, Math.min(MAX_TIME_S, time)) };
  switch (kind) {
    case FileKind.FILE:
      return { ...entry, kind: "file", size: boundedSize(untrusted.size, MAX_TRANSFER_BYTES, "size"), reason: null };
    case FileKind.FOLDER:
      return { ...entry, kind: "folder", size: boundedSize(untrusted.size, 0, "size of a folder"), reason: null };
    case FileKind.LEFT_OUT: {
      const size = Math.min(Number(untrusted.size), Number.MAX_SAFE_INTEGER);
      return { ...entry, kind: "left-out", size, reason: reasonOf(untrusted.reason) };
    }
    default:
      return refuse("number-out-of-range", `kind ${kind} of a file`);
  }
}

function acceptResult(target: Target, untrusted: WireMessageOf<"filesDone">["results"][number]): ArrivedFile {
  const { index } = untrusted;
  const size = target.open.get(index);
  if (size === undefined) refuse("unknown-file", `file ${index} is not awaited`);
  const outcome = OUTCOMES[untrusted.outcome] ?? refuse("number-out-of-range", `outcome ${untrusted.outcome}`);
  const isThere = outcome !== "refused" && outcome !== "failed";
  const file: ArrivedFile = {
    index,
    outcome,
    reason: isThere ? null : reasonOf(untrusted.reason),
    sha256: digest(untrusted.sha256, !isThere || size === null, "the digest of a file"),
    path: untrusted.path.length === 0 ? untrusted.path : absolutePath(untrusted.path, "what has arrived"),
  };
  target.open.delete(index);
  return file;
}

function reasonOf(untrusted: number): FileReason {
  return FILE_REASONS[boundedInteger(untrusted, 1, FILE_REASONS.length, "reason") - 1] ?? "unreadable";
}

function boundedSize(untrusted: bigint, max: number, what: string): number {
  if (untrusted > BigInt(max)) refuse("number-out-of-range", `${what} ${untrusted} is more than ${max}`);
  return Number(untrusted);
}
