/**
 * Signatures have become others: what is in quarantine, files that were opened last and those of watched folders are scanned again.
 * Reported is what is found now, and what was found before and is not any more.
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
  /** Something was found in it: `before`. */
  cleared: (vm: Vm, file: ScannedFile, before: FileVerdict) => void;
}

export class Rescan {
  readonly #parts: RescanParts;
  /** Of files that were opened, by their paths, those in which something was found, as was reported. */
  readonly #foundBefore = new Map<VmId, Map<string, FileVerdict>>();
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
    for (const id of this.#foundBefore.keys())
      if (!application.vms.some((vm) => vm.id === id)) this.#foundBefore.delete(id);
    const running = application.vms.filter(({ state }) => state === "running");
    await Promise.all([
      quarantine.scanAgain((vm, path) => this.#scan(vm, path, false, signal), signal),
      ...running.map((vm) => this.#opened(vm, signal)),
    ]);
  }

  async #opened(vm: Vm, signal: AbortSignal): Promise<void> {
    const foundBefore = this.#foundBefore.get(vm.id) ?? new Map<string, FileVerdict>();
    this.#foundBefore.set(vm.id, foundBefore);
    const seen = new Set<string>();
    for (const path of this.#parts.opened(vm.id)) {
      try {
        for (const file of await this.#scan(vm, path, true, signal)) {
          seen.add(file.path);
          this.#tell(vm, file, foundBefore);
        }
      } catch (error) {
        if (signal.aborted) return;
        log(`${vm.definition.name}: what was opened there was not scanned again: ${messageOf(error)}`);
      }
    }
    for (const path of foundBefore.keys()) if (!seen.has(path)) foundBefore.delete(path);
  }

  #tell(vm: Vm, file: ScannedFile, foundBefore: Map<string, FileVerdict>): void {
    const { found, cleared } = this.#parts;
    const { verdict, sha256, engines } = file;
    const before = foundBefore.get(file.path);
    if (isFound(file)) {
      foundBefore.set(file.path, { verdict, sha256, engines });
      if (before?.verdict !== verdict || before.sha256 !== sha256) found(vm, file);
    } else if (before !== undefined) {
      if (isTakenBack(before, file)) cleared(vm, file, before);
      // A scanner that has failed, or could not look at it, has taken nothing back.
      if (verdict === "clean") foundBefore.delete(file.path);
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
