/** Main's side of a VM's file transfers, and of files there that are watched. */
import { AppError } from "#shared/model/app-error.ts";
import type { FileReason } from "#shared/model/transfer.ts";
import type { ArrivedFile, ListedFile, ResumePoint } from "#shared/protocol/files.ts";
import { MAX_FILE_WATCHES } from "#shared/protocol/limits.ts";
import {
  FILES,
  type FilesEvent,
  type FilesOrder,
  type FilesToList,
  type Receiving,
} from "../../link/contracts/files.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface TransferListener {
  /** Of a source. */
  listed?(files: readonly ListedFile[], isLast: boolean): void;
  /** The stream that its guest writes (a source, after `send`) or reads (a target). */
  streamOpened(stream: number): void;
  /** Of a target. */
  ready?(from: ResumePoint): void;
  /** Of a target. `bytes`: of all files, so far. */
  done?(files: readonly ArrivedFile[], bytes: number): void;
  /** One of these is the last call. `reason` null: all that was asked of it is done. `detail`: the guest's word, cleaned. */
  ended(reason: FileReason | null, detail: string): void;
  /** The link is gone. */
  lost(): void;
}

export interface SavedFile {
  size: number;
  /** 32 bytes. */
  sha256: Uint8Array;
}

/** Files of a list that main hands to the link at once. */
const EXPECTED_AT_ONCE = 2_000;

export class Files implements ServiceClient<FilesEvent> {
  readonly #context: ClientContext<FilesOrder>;
  readonly #listeners = new Map<number, TransferListener>();
  readonly #watches = new Map<number, (saved: SavedFile) => void>();
  #lastTransfer = 0;
  #lastWatch = 0;

  constructor(context: ClientContext<FilesOrder>) {
    this.#context = context;
  }

  /** Begins a transfer of which this guest is the source; returns its number there. @throws AppError vm.not-running */
  list(what: FilesToList, listener: TransferListener): number {
    return this.#begin((transfer) => ({ type: "list", transfer, what }), listener);
  }

  /** What was listed, but for `leftOut`: by the stream that `streamOpened` names. */
  send(transfer: number, from: ResumePoint, leftOut: readonly number[]): void {
    this.#context.sendIfLinked({ type: "send", transfer, from, leftOut });
  }

  /** Begins a transfer of which this guest is the target; returns its number there. @throws AppError vm.not-running */
  receive(receiving: Receiving, files: readonly ListedFile[], listener: TransferListener): number {
    const transfer = this.#begin((number) => ({ type: "receive", transfer: number, receiving }), listener);
    for (let at = 0; at === 0 || at < files.length; at += EXPECTED_AT_ONCE) {
      const part = files.slice(at, at + EXPECTED_AT_ONCE);
      const isLast = at + EXPECTED_AT_ONCE >= files.length;
      this.#context.sendIfLinked({ type: "expect", transfer, files: part, isLast });
    }
    return transfer;
  }

  /** The target reads no further, or goes on. */
  pause(transfer: number, isPaused: boolean): void {
    this.#context.sendIfLinked({ type: "pause", transfer, isPaused });
  }

  /** Answered by `ended`. `keep`: so that it can be resumed. */
  stop(transfer: number, keep: boolean): void {
    this.#context.sendIfLinked({ type: "stop", transfer, keep });
  }

  /**
   * Calls `saved` when the content of that file, by its absolute path, is another and no program has it open for writing; not
   * after the link is gone. Returns a function that ends it. @throws AppError vm.not-running, vm.busy: it watches as many as it can
   */
  watch(path: Uint8Array, saved: (file: SavedFile) => void): () => void {
    if (this.#watches.size >= MAX_FILE_WATCHES)
      throw new AppError("vm.busy", `${MAX_FILE_WATCHES} files are open there to be edited: close one of them first.`);
    this.#lastWatch += 1;
    const watch = this.#lastWatch;
    this.#context.send({ type: "watch", watch, path });
    this.#watches.set(watch, saved);
    return () => {
      if (this.#watches.delete(watch)) this.#context.sendIfLinked({ type: "unwatch", watch });
    };
  }

  happened(event: FilesEvent): void {
    if (event.type === "saved") return this.#watches.get(event.watch)?.({ size: event.size, sha256: event.sha256 });
    const listener = this.#listeners.get(event.transfer);
    switch (event.type) {
      case "listed":
        return listener?.listed?.(event.files, event.isLast);
      case "streamOpened":
        return listener?.streamOpened(event.stream);
      case "ready":
        return listener?.ready?.(event.from);
      case "done":
        return listener?.done?.(event.files, event.bytes);
      case "ended":
        this.#listeners.delete(event.transfer);
        return listener?.ended(event.reason, event.detail);
    }
  }

  closed(): void {
    const lost = [...this.#listeners.values()];
    this.#listeners.clear();
    this.#watches.clear();
    for (const listener of lost) listener.lost();
  }

  #begin(order: (transfer: number) => FilesOrder, listener: TransferListener): number {
    this.#lastTransfer += 1;
    const transfer = this.#lastTransfer;
    this.#context.send(order(transfer));
    this.#listeners.set(transfer, listener);
    return transfer;
  }
}

export const files = serviceClient(FILES, (context) => new Files(context));
