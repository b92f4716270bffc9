/** The two ends of one transfer, each with what it has said as promises that never reject. */
import type { FileReason } from "#shared/model/transfer.ts";
import type { ArrivedFile, ListedFile, ResumePoint } from "#shared/protocol/files.ts";
import { MAX_FILES_LEFT_OUT } from "#shared/protocol/limits.ts";
import type { FilesToList, Receiving } from "../link/contracts/files.ts";
import { files, type TransferListener } from "../vms/services/files.ts";
import type { FilesEnd } from "./host-files.ts";

/** How an end's part is over. `reason` null: it has done all that was asked of it. */
export type EndOfPart =
  | { kind: "ended"; reason: FileReason | null; detail: string }
  /** Its link is gone, or it has said nothing for too long. */
  | { kind: "lost"; isSilent: boolean };

/** Longest between two parts of a list, for all of it, and from FilesReceive to FilesReady, which may hash what is there. */
const LIST_MS = 60_000;
const WHOLE_LIST_MS = 10 * 60_000;
const READY_MS = 30 * 60_000;
const STOP_MS = 10_000;

abstract class End {
  /** Its stream: of a source after `send`. null: it is over before. */
  readonly stream: Promise<number | null>;
  readonly over: Promise<EndOfPart>;
  protected readonly end: FilesEnd;
  protected transfer = 0;
  protected readonly listener: TransferListener;
  readonly #settle: (end: EndOfPart) => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  protected constructor(end: FilesEnd) {
    this.end = end;
    let opened: (stream: number | null) => void = () => undefined;
    let over: (part: EndOfPart) => void = () => undefined;
    this.stream = new Promise((resolve) => (opened = resolve));
    this.over = new Promise((resolve) => (over = resolve));
    this.#settle = (part) => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.expectNothing();
      opened(null);
      over(part);
    };
    this.listener = {
      streamOpened: (stream) => opened(stream),
      ended: (reason, detail) => this.#settle({ kind: "ended", reason, detail }),
      lost: () => this.#settle({ kind: "lost", isSilent: false }),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when it is over, or has not answered for some seconds: it counts as lost then. */
  async stop(keep: boolean): Promise<void> {
    if (this.#isOver) return;
    this.end.service(files).stop(this.transfer, keep);
    this.expectWithin(STOP_MS);
    await this.over;
  }

  /** It is given up where nothing comes in that time. */
  protected expectWithin(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isOver) this.#timer = setTimeout(() => this.giveUp(), ms);
  }

  protected giveUp(): void {
    this.#settle({ kind: "lost", isSilent: true });
  }

  protected expectNothing(): void {
    clearTimeout(this.#timer);
  }
}

export class SourceEnd extends End {
  /** null: it is over before its list is whole. */
  readonly listed: Promise<readonly ListedFile[] | null>;

  /** @throws AppError vm.not-running */
  constructor(end: FilesEnd, what: FilesToList) {
    super(end);
    const list: ListedFile[] = [];
    // An agent could tell one file a minute.
    const whole = setTimeout(() => this.giveUp(), WHOLE_LIST_MS);
    this.listed = new Promise((resolve) => {
      this.listener.listed = (part, isLast) => {
        for (const file of part) list.push(file);
        if (!isLast) return this.expectWithin(LIST_MS);
        this.expectNothing();
        clearTimeout(whole);
        resolve(list);
      };
      void this.over.then(() => {
        clearTimeout(whole);
        resolve(null);
      });
    });
    this.transfer = end.service(files).list(what, this.listener);
    this.expectWithin(LIST_MS);
  }

  /** Of `leftOut` as many as one message holds: what else comes of them the target drops. */
  send(from: ResumePoint, leftOut: readonly number[]): void {
    this.end.service(files).send(this.transfer, from, leftOut.slice(0, MAX_FILES_LEFT_OUT));
  }
}

export class TargetEnd extends End {
  /** null: it is over before. */
  readonly ready: Promise<ResumePoint | null>;

  /** @throws AppError vm.not-running */
  constructor(
    end: FilesEnd,
    receiving: Receiving,
    expected: readonly ListedFile[],
    done: (arrived: readonly ArrivedFile[], bytes: number) => void,
  ) {
    super(end);
    this.ready = new Promise((resolve) => {
      this.listener.ready = (from) => {
        this.expectNothing();
        resolve(from);
      };
      void this.over.then(() => resolve(null));
    });
    this.listener.done = done;
    this.transfer = end.service(files).receive(receiving, expected, this.listener);
    this.expectWithin(READY_MS);
  }

  pause(isPaused: boolean): void {
    if (!this.isOver) this.end.service(files).pause(this.transfer, isPaused);
  }
}
