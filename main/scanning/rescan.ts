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
  quarantine: { scanAgain(scan: (vm: Vm, path: Uint8Array) => Promise<readonly ScannedFile[]>): Promise<void> };
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

  constructor(parts: RescanParts) {
    this.#parts = parts;
  }

  /**
   * The verdict was another one before, or nobody has asked for one. One file of a VM after another; no VM waits for another's.
   */
  async again(): Promise<void> {
    const { application, quarantine, watched } = this.#parts;
    watched.again();
    for (const id of this.#told.keys()) if (!application.vms.some((vm) => vm.id === id)) this.#told.delete(id);
    const running = application.vms.filter(({ state }) => state === "running");
    await Promise.all([
      quarantine.scanAgain((vm, path) => this.#scan(vm, path, false)),
      ...running.map((vm) => this.#opened(vm)),
    ]);
  }

  async #opened(vm: Vm): Promise<void> {
    const told = this.#told.get(vm.id) ?? new Map<string, FileVerdict>();
    const still = new Map<string, FileVerdict>();
    this.#told.set(vm.id, still);
    for (const path of this.#parts.opened(vm.id)) {
      try {
        for (const file of await this.#scan(vm, path, true)) this.#tell(vm, file, told.get(file.path), still);
      } catch (error) {
        log(`${vm.definition.name}: what was opened there was not scanned again: ${messageOf(error)}`);
      }
    }
  }

  #tell(vm: Vm, file: ScannedFile, before: FileVerdict | undefined, still: Map<string, FileVerdict>): void {
    const { found, cleared } = this.#parts;
    const { verdict, sha256, engines } = file;
    if (isFound(file)) {
      still.set(file.path, { verdict, sha256, engines });
      if (before?.verdict !== verdict || before.sha256 !== sha256) found(vm, file);
    } else if (before !== undefined) {
      if (isTakenBack(before, file)) cleared(vm, file, before);
      // A scanner that has failed, or could not look at it, has taken nothing back.
      else if (verdict !== "clean") still.set(file.path, before);
    }
  }

  async #scan(vm: Vm, path: Uint8Array, keeps: boolean): Promise<readonly ScannedFile[]> {
    const limit = deadline(UNASKED_MS, () => new Error("it took too long"));
    try {
      return await this.#parts.scan(vm, path, { signal: limit.signal, keeps });
    } finally {
      limit.end();
    }
  }
}
