/** Files that were opened last, and those of watched folders, are scanned again when signatures have become others. */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import type { Vm } from "../vms/vm.ts";

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

/** The verdict was another one when it was opened, or nobody has asked for one. */
export async function scanAgain({ application, opened, watched, scan, found }: RescanParts): Promise<void> {
  watched.again();
  const { signal } = new AbortController();
  for (const vm of application.vms) {
    for (const path of vm.state === "running" ? opened(vm.id) : []) {
      try {
        for (const file of await scan(vm, path, signal))
          if (file.verdict === "found" || file.verdict === "suspicious") found(vm, file);
      } catch (error) {
        log(`${vm.definition.name}: what was opened there was not scanned again: ${messageOf(error)}`);
      }
    }
  }
}
