/** One transfer as the list has it: what was listed, what has arrived, how fast. */
import { createHash, randomBytes } from "node:crypto";
import {
  ENDED_TRANSFER_STATES,
  RETRIED_REASONS,
  type FileState,
  type NotArrivedReason,
  type TransferFile,
  type TransferState,
  type TransferView,
} from "#shared/model/transfer.ts";
import { type FileVerdict, verdictWords } from "#shared/model/scan.ts";
import type { ArrivedFile, ListedFile, ResumePoint } from "#shared/protocol/files.ts";
import { partyView } from "../policy/party-view.ts";
import { cleanText } from "#shared/model/text.ts";
import { nameOf, pathText } from "./names.ts";
import { Pace } from "./pace.ts";
import { partyOfEnd } from "./parties.ts";
import type { Transfer, TransferEnd, TransferredFile, TransferRequest } from "./transfer.ts";

const KEY_BYTES = 16;
const DONE: readonly FileState[] = ["whole", "kept-both", "same", "refused", "failed", "skipped"];
const FAILED: readonly FileState[] = ["refused", "failed", "skipped"];

export interface KnownTransfer {
  /** Hexadecimal. */
  key: string;
  name: string;
  chosen: number;
  files: number;
  bytes: number;
  doneBytes: number;
  /** Of the list that was sent. */
  listDigest: string;
}

/** As its target has said, or held here. */
type NotedFile = Omit<ArrivedFile, "reason"> & { reason: NotArrivedReason | null };

export class TransferRecord implements Transfer {
  readonly id: number;
  readonly request: TransferRequest;
  /** Only these are sent, by their paths, and what is in them; null: all. */
  readonly only: readonly Uint8Array[] | null;
  key = randomBytes(KEY_BYTES).toString("hex");
  name: string;
  chosen: number;
  detail = "";
  done: Promise<TransferEnd>;
  listDigest = "";
  doneBytes = 0;
  readonly #pace = new Pace();
  #state: TransferState = "waiting";
  #hasMoved = false;
  #files: readonly ListedFile[] = [];
  /** Those that are to arrive. */
  #sent: readonly ListedFile[] = [];
  #bytes = 0;
  #earlierBytes = 0;
  #count: number | null = null;
  readonly #arrived = new Map<number, NotedFile>();
  /** Files of which the target has said in an earlier try, and not in this one, that they are there or have failed. */
  #earlier = new Set<number>();
  /** Of files that were scanned. */
  readonly #verdicts = new Map<number, FileVerdict>();
  /** Indices of those that were left out, refused or have failed. */
  readonly #failed = new Set<number>();
  #leftOut = 0;
  /** Of one that has ended, once somebody has asked. */
  #canRetry: boolean | null = null;

  constructor(id: number, request: TransferRequest, only: TransferRecord["only"] = null) {
    this.id = id;
    this.request = request;
    this.only = only;
    const { source } = request;
    const paths = "paths" in source ? source.paths : [];
    const [first = new Uint8Array(0)] = paths;
    this.name = nameOf("paths" in source ? (source.name ?? first) : first);
    this.chosen = paths.length;
    this.done = Promise.resolve({ state: "cancelled", files: [], bytes: 0, seconds: 0, detail: "" });
  }

  get state(): TransferState {
    return this.#state;
  }

  set state(state: TransferState) {
    if (state !== this.#state) this.#pace.reset(this.doneBytes);
    this.#state = state;
    this.#hasMoved ||= state === "moving";
    this.#canRetry = null;
  }

  /** Something of it may be at its target. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  get isEnded(): boolean {
    return ENDED_TRANSFER_STATES.includes(this.#state);
  }

  /** Entries that are kept for it. */
  get size(): number {
    return this.#files.length;
  }

  get sent(): readonly ListedFile[] {
    return this.#sent;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of one that an earlier run of the application has left. */
  restore({ key, name, chosen, files, bytes, doneBytes, listDigest }: KnownTransfer): void {
    Object.assign(this, { key, name, chosen, doneBytes, listDigest });
    [this.#count, this.#bytes] = [files, bytes];
    this.#state = "interrupted";
    this.#hasMoved = true;
  }

  get known(): KnownTransfer {
    const { key, name, chosen, doneBytes, listDigest } = this;
    return { key, name, chosen, doneBytes, listDigest, files: this.#count ?? this.#sent.length, bytes: this.#bytes };
  }

  /** The source's list. What another list has done before counts for nothing. */
  listed(files: readonly ListedFile[]): void {
    const digest = digestOf(files);
    if (digest !== this.listDigest) {
      if (this.listDigest !== "") this.key = randomBytes(KEY_BYTES).toString("hex");
      this.#arrived.clear();
      this.#verdicts.clear();
      [this.doneBytes, this.#earlierBytes] = [0, 0];
    }
    this.#failed.clear();
    for (const { index, kind } of files) if (kind === "left-out") this.#failed.add(index);
    this.#leftOut = this.#failed.size;
    const isOfTarget = ({ index, kind }: ListedFile): boolean =>
      kind === "file" && (this.#arrived.get(index)?.outcome ?? "refused") !== "refused";
    this.#earlier = new Set(files.filter(isOfTarget).map(({ index }) => index));
    // Of an earlier try, whose list was the same.
    for (const [index, { outcome }] of this.#arrived) if (FAILED.includes(outcome)) this.#failed.add(index);
    this.listDigest = digest;
    this.#files = files;
    const isSent = this.only === null ? null : indicesOf(files, this.only);
    this.#sent = files.filter(({ index, kind }) => kind !== "left-out" && (isSent === null || isSent.has(index)));
    this.#bytes = this.#sent.reduce((sum, { size }) => sum + size, 0);
    this.#count = null;
    const tops = files.filter(({ path }) => !path.includes(0x2f));
    this.chosen = Math.max(this.chosen, tops.length);
    if (tops[0] !== undefined) this.name = nameOf(tops[0].path);
  }

  /** Files that an earlier try has not brought there. */
  get toScan(): readonly ListedFile[] {
    return this.#sent.filter(({ index, kind }) => kind === "file" && !this.#arrived.has(index));
  }

  /** What scanners say of those that are to arrive: what is not clean is held, of what is clean these bytes alone may arrive. */
  scanned(verdicts: ReadonlyMap<number, FileVerdict>): void {
    for (const { index } of this.toScan) {
      const fileVerdict = passed(verdicts.get(index));
      this.#verdicts.set(index, fileVerdict);
      const { verdict } = fileVerdict;
      if (verdict === "clean") continue;
      const reason = verdict === "found" || verdict === "suspicious" ? "scan.found" : "scan.not-scanned";
      this.#arrive({ index, outcome: "refused", reason, sha256: NONE, path: NONE });
    }
  }

  /** Those that are to arrive and are not held. */
  get expected(): readonly ListedFile[] {
    return this.#sent.flatMap((file) => {
      if (this.#isHeld(file.index)) return [];
      const sha256 = file.kind === "file" ? this.#digestOf(file.index) : null;
      return [sha256 === null ? file : { ...file, sha256: Buffer.from(sha256, "hex") }];
    });
  }

  /** Held, as no scanner could look at all of them. */
  get unscanned(): readonly ListedFile[] {
    return this.#sent.filter(({ index }) => this.#arrived.get(index)?.reason === "scan.not-scanned");
  }

  get unscannedWords(): string {
    return this.#wordsOf(this.unscanned);
  }

  /** The person has said that they may arrive: as the bytes that a scanner has got, where that is known. */
  letThrough(files: readonly ListedFile[]): void {
    for (const { index } of files) this.#forget(index);
  }

  /** For people: what was held and why; "" = nothing. */
  get heldWords(): string {
    return this.#wordsOf(this.#sent.filter(({ index }) => this.#isHeld(index)));
  }

  #wordsOf(held: readonly ListedFile[]): string {
    const [first] = held;
    if (first === undefined) return "";
    const more = held.length === 1 ? "" : ` ${held.length - 1} more ${held.length === 2 ? "is" : "are"} held.`;
    return `${cleanText(pathText(first.path), 200)} is held: ${this.#scanWords(first.index)}.${more}`;
  }

  #isHeld(index: number): boolean {
    const reason = this.#arrived.get(index)?.reason ?? null;
    return reason === "scan.found" || reason === "scan.not-scanned";
  }

  #scanWords(index: number): string {
    const verdict = this.#verdicts.get(index);
    return verdict === undefined ? "" : verdictWords(verdict);
  }

  /**
   * All before it are there from an earlier try: its bytes are none of those that the target counts in this one. What the target
   * said in that try of files from there on is so no more: a machine that ended without shutting down has lost what was not on its
   * disk yet.
   */
  resumedAt(first: number): void {
    this.#earlierBytes = 0;
    for (const index of this.#earlier) if (index >= first) this.#forget(index);
    for (const { index, size } of this.#sent) {
      if (index >= first) break;
      this.#earlierBytes += size;
      if (!this.#arrived.has(index)) this.#arrive({ index, outcome: "whole", reason: null, sha256: NONE, path: NONE });
    }
    this.doneBytes = this.#earlierBytes;
    this.#pace.reset(this.doneBytes);
  }

  arrived(files: readonly ArrivedFile[], bytes: number): void {
    for (const file of files)
      this.#arrive(this.#isAsScanned(file) ? file : { ...file, outcome: "failed", reason: "digest" });
    this.doneBytes = Math.max(this.doneBytes, this.#earlierBytes + bytes);
    this.#pace.count(this.doneBytes);
  }

  /** What has not arrived has failed. */
  giveUp(): void {
    for (const { index } of this.#sent)
      if (!this.#arrived.has(index))
        this.#arrive({ index, outcome: "failed", reason: "stopped", sha256: NONE, path: NONE });
  }

  /** Hexadecimal, of the bytes that may arrive; null: any that the source has. */
  #digestOf(index: number): string | null {
    const { permission } = this.request;
    const given = permission.kind === "given" ? permission.sha256 : undefined;
    return given ?? this.#verdicts.get(index)?.sha256 ?? null;
  }

  /** A target checks it itself; one that is older than this check does not. */
  #isAsScanned({ index, sha256 }: ArrivedFile): boolean {
    const scanned = this.#digestOf(index);
    return scanned === null || sha256.length === 0 || Buffer.from(sha256).toString("hex") === scanned;
  }

  #arrive(file: NotedFile): void {
    this.#earlier.delete(file.index);
    this.#arrived.set(file.index, file);
    if (FAILED.includes(file.outcome)) this.#failed.add(file.index);
    else this.#failed.delete(file.index);
  }

  #forget(index: number): void {
    this.#arrived.delete(index);
    this.#failed.delete(index);
  }

  /** Where the source begins: what nobody waits for at the list's beginning need not even be named. */
  firstAwaited(from: ResumePoint): ResumePoint {
    if (from.offset > 0) return from;
    const first = this.#sent.find(({ index }) => index >= from.first && !this.#arrived.has(index))?.index;
    return first === undefined ? from : { ...from, first };
  }

  /** Indices of files, from there on, that the source is not to send: nobody waits for them. */
  notAwaited({ first }: ResumePoint): number[] {
    const awaited = new Set(this.#sent.flatMap(({ index }) => (this.#arrived.has(index) ? [] : [index])));
    return this.#files.flatMap(({ index, kind }) =>
      kind === "file" && index >= first && !awaited.has(index) ? [index] : [],
    );
  }

  /** Paths of what can be tried again. */
  get retried(): Uint8Array[] {
    const isRetried = (reason: NotArrivedReason | null): boolean => reason !== null && RETRIED_REASONS.includes(reason);
    return this.#files.flatMap((file) => {
      const arrived = this.#arrived.get(file.index);
      return isRetried(arrived?.reason ?? file.reason) && (arrived !== undefined || file.kind === "left-out")
        ? [file.path]
        : [];
    });
  }

  get view(): TransferView {
    const { source, target } = this.request;
    const known = this.known;
    const isMoving = this.#state === "moving";
    const rate = isMoving ? this.#pace.rate : null;
    const left = Math.max(0, known.bytes - this.doneBytes);
    return {
      id: this.id,
      from: partyView(partyOfEnd(source.party)),
      to: partyView(partyOfEnd(target)),
      name: known.name,
      chosen: known.chosen,
      state: this.#state,
      detail: this.detail,
      files: known.files + this.#leftOut,
      doneFiles: this.#arrived.size - (this.#failed.size - this.#leftOut),
      bytes: known.bytes,
      doneBytes: Math.min(known.bytes, this.doneBytes),
      rate,
      remainingS: rate === null || rate === 0 ? null : left / rate,
      failed: this.#failed.size,
      canRetry: this.isEnded && (this.#canRetry ??= this.retried.length > 0),
    };
  }

  /** `only` failed: left out, refused or failed. */
  filesFrom(offset: number, count: number, only: "all" | "failed"): { total: number; files: TransferFile[] } {
    const current = this.#state === "moving" ? this.#sent.find(({ index }) => !this.#arrived.has(index))?.index : null;
    const all = this.#files.map((file) => ({ file, ...this.#stateOf(file) }));
    const wanted = only === "all" ? all : all.filter(({ state }) => FAILED.includes(state));
    const files = wanted.slice(offset, offset + count).map(({ file, state, reason }) => ({
      index: file.index,
      path: pathText(file.path),
      isFolder: file.kind === "folder",
      bytes: file.size,
      state: file.index === current ? ("moving" as const) : state,
      reason,
      scan: this.#scanWords(file.index),
      isClean: this.#verdicts.get(file.index)?.verdict === "clean",
      canOpen: this.#placeOf(file) !== null,
    }));
    return { total: wanted.length, files };
  }

  /** Absolute path of a file at the target; null: it is not there, or it is not known where. */
  placeOf(index: number): Uint8Array | null {
    const file = this.#files.find((one) => one.index === index);
    return file === undefined ? null : this.#placeOf(file);
  }

  #placeOf({ index, kind }: ListedFile): Uint8Array | null {
    const path = this.#arrived.get(index)?.path ?? NONE;
    return kind === "file" && path.length > 0 ? path : null;
  }

  /** Of what has come to an end. */
  get report(): TransferredFile[] {
    return this.#files.flatMap((file) => {
      const { state, reason } = this.#stateOf(file);
      if (!DONE.includes(state) || state === "waiting" || state === "moving") return [];
      const arrived = this.#arrived.get(file.index);
      return [
        {
          index: file.index,
          path: file.path,
          isFolder: file.kind === "folder",
          bytes: file.size,
          outcome: state,
          reason,
          scan: this.#scanWords(file.index),
          sha256:
            arrived === undefined || arrived.sha256.length === 0 ? null : Buffer.from(arrived.sha256).toString("hex"),
          arrivedAt: arrived === undefined || arrived.path.length === 0 ? null : arrived.path,
        },
      ];
    });
  }

  #stateOf({ index, kind, reason }: ListedFile): { state: FileState; reason: NotArrivedReason | null } {
    if (kind === "left-out") return { state: "skipped", reason };
    const arrived = this.#arrived.get(index);
    return arrived === undefined
      ? { state: "waiting", reason: null }
      : { state: arrived.outcome, reason: arrived.reason };
  }
}

const NONE = new Uint8Array(0);

/** What is clean has a digest, by which its target knows it. */
function passed(verdict: FileVerdict = { sha256: null, verdict: "not-scanned", engines: [] }): FileVerdict {
  return verdict.verdict === "clean" && verdict.sha256 === null ? { ...verdict, verdict: "not-scanned" } : verdict;
}

function digestOf(files: readonly ListedFile[]): string {
  const hash = createHash("sha256");
  for (const { index, kind, path, size, executable, modifiedS } of files) {
    hash.update(`${index} ${kind} ${size} ${executable} ${modifiedS} ${path.length} `);
    hash.update(path);
  }
  return hash.digest("hex");
}

/** Of these paths, of what is in them, and of the folders above them: the list may be another than that which had them. */
function indicesOf(files: readonly ListedFile[], paths: readonly Uint8Array[]): ReadonlySet<number> {
  const wanted = new Set(paths.map(text));
  const folders = new Map(files.flatMap(({ kind, path, index }) => (kind === "folder" ? [[text(path), index]] : [])));
  const all = new Set<number>();
  for (const { index, path } of files) {
    const above = foldersAbove(text(path));
    if (![text(path), ...above].some((one) => wanted.has(one))) continue;
    all.add(index);
    for (const folder of above) {
      const at = folders.get(folder);
      if (at !== undefined) all.add(at);
    }
  }
  return all;
}

/** The nearest first. */
function foldersAbove(path: string): string[] {
  const above: string[] = [];
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) above.push(path.slice(0, at));
  return above;
}

/** Bytes of a path as text that only they give. */
function text(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}
