/**
 * Signatures have become others: what is in quarantine, files that were opened last and those of watched folders are scanned again.
 * Told is what is found now, and what was told and is not found any more.
 */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { FileVerdict } from "#shared/model/scan.ts";
import type { VmId } from "#shared/model/vm.ts";
import { deadline } from "../base/deadline.ts";
import { log } from "../base/log.ts";
import type { Vm } from "../vms/vm.ts";
import { isFound, isTakenBack, UNASKED_MS } from "./watched-folders.ts";

export interface RescanParts {
  application: { readonly vms: readonly Vm[] };
  /** Paths of files of a VM, newest first. */
  opened: (vm: VmId) => readonly Uint8Array[];
  watched: { again(): void };
  quarantine: {
    scanAgain(scan: (vm: Vm, path: Uint8Array) => Promise<readonly ScannedFile[]>, signal: AbortSignal): Promise<void>;
  };
  /** Rejects where the VM is gone. `keeps`: what is found is put into quarantine. */
  scan: (vm: Vm, path: Uint8Array, options: { signal: AbortSignal; keeps: boolean }) => Promise<readonly ScannedFile[]>;
  /** Something is in it, or it is suspicious. */
  found: (vm: Vm, file: ScannedFile) => void;
  /** Something was in it, as was told: `before`. */
  cleared: (vm: Vm, file: ScannedFile, before: FileVerdict) => void;
}

export class Rescan {
  readonly #parts: RescanParts;
  /** Of files that were opened, by their paths, those of which was told that something is in them. */
  readonly #told = new Map<VmId, Map<string, FileVerdict>>();
  #running: Promise<void> = Promise.resolve();
  #ended = new AbortController();

  constructor(parts: RescanParts) {
    this.#parts = parts;
  }

  /**
   * The verdict was another one before, or nobody has asked for one. One file of a VM after another; no VM waits for another's. What
   * goes on of the last time ends: what it finds out by signatures that are not used any more would come after what these say.
   */
  again(): Promise<void> {
    this.#parts.watched.again();
    this.#ended.abort(new Error("signatures are others again"));
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    const fresh = this.#running.then(() => this.#again(signal));
    // One that fails keeps no later one from its work.
    this.#running = fresh.catch(() => undefined);
    return fresh;
  }

  async #again(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { application, quarantine } = this.#parts;
    for (const id of this.#told.keys()) if (!application.vms.some((vm) => vm.id === id)) this.#told.delete(id);
    const running = application.vms.filter(({ state }) => state === "running");
    await Promise.all([
      quarantine.scanAgain((vm, path) => this.#scan(vm, path, false, signal), signal),
      ...running.map((vm) => this.#opened(vm, signal)),
    ]);
  }

  async #opened(vm: Vm, signal: AbortSignal): Promise<void> {
    const told = this.#told.get(vm.id) ?? new Map<string, FileVerdict>();
    this.#told.set(vm.id, told);
    const seen = new Set<string>();
    for (const path of this.#parts.opened(vm.id)) {
      try {
        for (const file of await this.#scan(vm, path, true, signal)) {
          seen.add(file.path);
          this.#tell(vm, file, told);
        }
      } catch (error) {
        if (signal.aborted) return;
        log(`${vm.definition.name}: what was opened there was not scanned again: ${messageOf(error)}`);
      }
    }
    for (const path of told.keys()) if (!seen.has(path)) told.delete(path);
  }

  #tell(vm: Vm, file: ScannedFile, told: Map<string, FileVerdict>): void {
    const { found, cleared } = this.#parts;
    const { verdict, sha256, engines } = file;
    const before = told.get(file.path);
    if (isFound(file)) {
      told.set(file.path, { verdict, sha256, engines });
      if (before?.verdict !== verdict || before.sha256 !== sha256) found(vm, file);
    } else if (before !== undefined) {
      if (isTakenBack(before, file)) cleared(vm, file, before);
      // A scanner that has failed, or could not look at it, has taken nothing back.
      if (verdict === "clean") told.delete(file.path);
    }
  }

  /** Rejects, too, where it ended after `signal`. */
  async #scan(vm: Vm, path: Uint8Array, keeps: boolean, signal: AbortSignal): Promise<readonly ScannedFile[]> {
    const limit = deadline(UNASKED_MS, () => new Error("it took too long"), signal);
    try {
      const files = await this.#parts.scan(vm, path, { signal: limit.signal, keeps });
      signal.throwIfAborted();
      return files;
    } finally {
      limit.end();
    }
  }
}
