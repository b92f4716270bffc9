/**
 * The audit log: what has crossed and what was denied, in lines that are chained by their hashes (audit-line.ts). A line is on
 * the disk before whoever asked goes on. While it cannot be written nothing may cross: that is a `problem`, and ends by itself.
 */
import fsp from "node:fs/promises";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { syncFolder } from "../base/write-file.ts";
import {
  type EntryEnd,
  hashAfter,
  type LineContent,
  NO_LINE,
  readLine,
  seqOf,
  withEnd,
  writeLine,
} from "./audit-line.ts";
import { AuditParts } from "./audit-parts.ts";

/** A part that is larger is put aside, and a new one begun. */
const MAX_PART_BYTES = 4 * 1024 * 1024;
/** After a failure it is tried again so often. */
const RETRY_MS = 5_000;

/** The part of a file's handle that is written with. */
export interface AuditHandle {
  /** From `offset` of `bytes` on, at the file's end. */
  write(bytes: Uint8Array, offset: number): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ size: number; nlink: number }>;
  close(): Promise<void>;
}

export interface AuditLogOptions {
  stateFolder: string;
  maxPartBytes?: number;
  retryMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  openFile?: (file: string) => Promise<AuditHandle>;
}

/** How many characters cross is known at its end. */
export type NewEntry = Omit<AuditEntry, "seq" | "time" | "characters">;

type Content = { kind: "entry"; entry: NewEntry } | { kind: "end"; seq: number; end: EntryEnd };
interface Waiting {
  content: Content;
  written: (line: LineContent) => void;
  failed: (error: AppError) => void;
}

/** Where the chain goes on. */
interface Tail {
  handle: AuditHandle;
  bytes: number;
  seq: number;
  hash: string;
}

interface AuditLogEvents {
  /** `isComplete`: nothing more of it follows. */
  entry: [AuditEntry, boolean];
  problemChanged: [];
}

export class AuditLog extends Emitter<AuditLogEvents> {
  readonly parts: AuditParts;
  readonly #options: Required<Omit<AuditLogOptions, "stateFolder">>;
  #tail: Tail | null = null;
  #waiting: Waiting[] = [];
  #isWriting = false;
  /** What is written now, or was last. */
  #drained: Promise<void> = Promise.resolve();
  /** Crossings that go on, by their seq. */
  readonly #open = new Map<number, AuditEntry>();
  /** Ends that could not be written yet. */
  readonly #lateEnds = new Map<number, EntryEnd>();
  #failure: { reason: string; since: string; refused: number } | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor({ stateFolder, ...options }: AuditLogOptions) {
    super();
    this.parts = new AuditParts(stateFolder);
    this.#options = {
      maxPartBytes: MAX_PART_BYTES,
      retryMs: RETRY_MS,
      now: Date.now,
      openFile: (file) => fsp.open(file, "a", 0o600),
      ...options,
    };
  }

  /** Why it cannot be written; null: it can. */
  get problem(): FileProblem | null {
    if (this.#failure === null) return null;
    const reason = `nothing may cross while the audit log cannot be written: ${this.#failure.reason}`;
    return { file: this.parts.current, line: 1, column: 1, reason };
  }

  /** As a file that a person is told of: calls `changed` when `problem` is another. Returns a function that ends it. */
  watch(changed: () => void): Promise<() => void> {
    return Promise.resolve(this.on("problemChanged", changed));
  }

  /** Finds out whether it can be written. */
  async open(): Promise<void> {
    await this.#drain();
  }

  /**
   * Resolves when it is on the disk.
   *
   * @param options `goesOn`: `end` follows
   * @throws AppError audit.unwritable
   */
  async append(entry: NewEntry, { goesOn = false }: { goesOn?: boolean } = {}): Promise<AuditEntry> {
    const line = await this.#write({ kind: "entry", entry });
    if (line.kind !== "entry") throw new AppError("internal", "The audit log has written something else.");
    if (goesOn) this.#open.set(line.entry.seq, line.entry);
    this.emit("entry", line.entry, !goesOn);
    return line.entry;
  }

  /** A crossing is over. What cannot be written now is written later. Returns its entry; null: none of that seq goes on. */
  async end(seq: number, end: EntryEnd): Promise<AuditEntry | null> {
    const entry = this.#open.get(seq);
    if (entry === undefined) return null;
    this.#open.delete(seq);
    const ended = withEnd(entry, end);
    try {
      await this.#write({ kind: "end", seq, end });
    } catch {
      this.#lateEnds.set(seq, end);
    }
    this.emit("entry", ended, true);
    return ended;
  }

  /** Resolves when all that waits is written, or cannot be. */
  async close(): Promise<void> {
    await this.#drained;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    await this.#tail?.handle.close().catch(() => undefined);
    this.#tail = null;
  }

  #write(content: Content): Promise<LineContent> {
    return new Promise((written, failed) => {
      this.#waiting.push({ content, written, failed });
      if (!this.#isWriting) void this.#drain();
    });
  }

  /** Everything that waits, flushed to the disk together. Never rejects. */
  #drain(): Promise<void> {
    if (!this.#isWriting) this.#drained = this.#writeAll();
    return this.#drained;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    do {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const lines = await this.#writeBatch(batch.map(({ content }) => content));
        batch.forEach(({ written }, at) => {
          const line = lines[at];
          if (line !== undefined) written(line);
        });
      } catch (error) {
        this.#fails(error, batch.filter(({ content }) => content.kind === "entry").length);
        const refusal = new AppError("audit.unwritable", `${this.problem?.reason}.`, { file: this.parts.current });
        for (const { failed } of batch) failed(refusal);
      }
    } while (this.#waiting.length > 0);
    this.#isWriting = false;
  }

  async #writeBatch(contents: readonly Content[]): Promise<LineContent[]> {
    const time = new Date(this.#options.now()).toISOString();
    const tail = await this.#ready();
    let { seq, hash } = tail;
    let text = "";
    const put = (line: LineContent): LineContent => {
      const written = writeLine(line, hash);
      text += `${written.text}\n`;
      ({ hash } = written);
      return line;
    };
    if (this.#failure !== null) put({ kind: "note", seq, time, note: outageWords(this.#failure) });
    const late = [...this.#lateEnds];
    for (const [ofSeq, end] of late) put({ kind: "end", seq: ofSeq, time, end });
    const lines = contents.map((content) => {
      if (content.kind === "end") return put({ kind: "end", seq: content.seq, time, end: content.end });
      seq += 1;
      return put({ kind: "entry", entry: { seq, time, ...content.entry, characters: null } });
    });
    if (text !== "") await this.#appendText(tail, text);
    Object.assign(tail, { seq, hash });
    for (const [ofSeq] of late) this.#lateEnds.delete(ofSeq);
    this.#works();
    return lines;
  }

  /** Whole, or not at all. */
  async #appendText(tail: Tail, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length;) at += (await tail.handle.write(bytes, at)).bytesWritten;
      await tail.handle.datasync();
      tail.bytes += bytes.length;
    } catch (error) {
      // What cannot be taken back now is found, and cut off, when the file is opened again.
      await tail.handle.truncate(tail.bytes).catch(() => undefined);
      await this.#letGo();
      throw error;
    }
  }

  /** The file, open at its end; a new one where the last is full, or was taken away. */
  async #ready(): Promise<Tail> {
    const tail = this.#tail;
    if (tail !== null && (await tail.handle.stat()).nlink === 0) {
      log("the audit log was removed while it was written: it goes on in a new file");
      await this.#letGo();
      return (this.#tail = await this.#begin(tail));
    }
    if (tail !== null && tail.bytes < this.#options.maxPartBytes) return tail;
    if (tail === null) return (this.#tail = await this.#reopen());
    // Before it: where it fails half way, the file at this place is another one than this that is open.
    await this.#letGo();
    await this.parts.rotate();
    return (this.#tail = await this.#begin(tail));
  }

  async #letGo(): Promise<void> {
    await this.#tail?.handle.close().catch(() => undefined);
    this.#tail = null;
  }

  async #begin({ seq, hash }: { seq: number; hash: string }): Promise<Tail> {
    const handle = await this.#options.openFile(this.parts.current);
    await syncFolder(this.parts.folder);
    return { handle, bytes: (await handle.stat()).size, seq, hash };
  }

  /** Goes on where an earlier run has ended. A last line that is not whole was never relied on: it is cut off, and that is said. */
  async #reopen(): Promise<Tail> {
    const whole = await this.#lastWholeLine();
    const tail = await this.#begin(whole);
    const torn = tail.bytes - whole.currentBytes;
    if (torn === 0) return tail;
    try {
      await tail.handle.truncate(whole.currentBytes);
      tail.bytes = whole.currentBytes;
      const note = `${torn} bytes of a last line that was not whole were cut off`;
      log(`${this.parts.current}: ${note}`);
      const time = new Date(this.#options.now()).toISOString();
      const line = writeLine({ kind: "note", seq: tail.seq, time, note }, tail.hash);
      await this.#appendText(tail, `${line.text}\n`);
      return { ...tail, hash: line.hash };
    } catch (error) {
      await tail.handle.close().catch(() => undefined);
      throw error;
    }
  }

  async #lastWholeLine(): Promise<{ seq: number; hash: string; currentBytes: number }> {
    const parts = (await this.parts.all()).toReversed();
    let currentBytes = 0;
    let hash: string | null = null;
    for (const part of parts) {
      const bytes = await fsp.readFile(part);
      const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
      if (part === this.parts.current) currentBytes = whole.length;
      const lines = whole.toString().split("\n").slice(0, -1).toReversed();
      const [last] = lines;
      if (last === undefined) continue;
      hash ??= hashAfter(last);
      // A line that nobody can read has no number: the one before it has.
      for (const text of lines) {
        const line = readLine(text);
        if (line !== null) return { seq: seqOf(line.content), hash, currentBytes };
      }
    }
    return { seq: 0, hash: hash ?? NO_LINE, currentBytes };
  }

  #fails(error: unknown, refused: number): void {
    const isNew = this.#failure === null;
    const reason = messageOf(error);
    const { since = new Date(this.#options.now()).toISOString(), refused: before = 0 } = this.#failure ?? {};
    this.#failure = { reason, since, refused: before + refused };
    if (isNew) {
      log(`${this.parts.current}: nothing may cross: ${reason}`);
      this.emit("problemChanged");
    }
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.#drain();
    }, this.#options.retryMs);
    this.#retry.unref();
  }

  #works(): void {
    if (this.#failure === null) return;
    log(`${this.parts.current}: ${outageWords(this.#failure)}`);
    this.#failure = null;
    this.emit("problemChanged");
  }
}

function outageWords({ reason, since, refused }: { reason: string; since: string; refused: number }): string {
  return `the log could not be written since ${since} (${reason}); ${refused} crossings were refused meanwhile`;
}
