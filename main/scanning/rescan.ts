/** Files that were opened last, and those of watched folders, are scanned again when signatures have become others. */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { deadline } from "../base/deadline.ts";
import { log } from "../base/log.ts";
import type { Vm } from "../vms/vm.ts";
import { UNASKED_MS } from "./watched-folders.ts";

export interface RescanParts {
  application: { readonly vms: readonly Vm[] };
  /** Paths of files of a VM, newest first. */
  opened: (vm: VmId) => readonly Uint8Array[];
  watched: { again(): void };
  /** Rejects where the VM is gone. */
  scan: (vm: Vm, path: Uint8Array, signal: AbortSignal) => Promise<readonly ScannedFile[]>;
  /** Something is in it, or it is suspicious. */
  found: (vm: Vm, file: ScannedFile) => void;
}

/**
 * The verdict was another one when it was opened, or nobody has asked for one. One file of a VM after another; no VM waits for
 * another's.
 */
export async function scanAgain(parts: RescanParts): Promise<void> {
  parts.watched.again();
  const running = parts.application.vms.filter(({ state }) => state === "running");
  await Promise.all(running.map((vm) => scanOpened(vm, parts)));
}

async function scanOpened(vm: Vm, { opened, scan, found }: RescanParts): Promise<void> {
  for (const path of opened(vm.id)) {
    const limit = deadline(UNASKED_MS, () => new Error("it took too long"));
    try {
      for (const file of await scan(vm, path, limit.signal))
        if (file.verdict === "found" || file.verdict === "suspicious") found(vm, file);
    } catch (error) {
      log(`${vm.definition.name}: what was opened there was not scanned again: ${messageOf(error)}`);
    } finally {
      limit.end();
    }
  }
}
