/** The folder Desktop of a VM. */
import { folders } from "../vms/services/folders.ts";
import type { Vm } from "../vms/vm.ts";
import type { FileChange, FolderListener, ShownFolder } from "./folder.ts";

/** Relative to the user's home. */
const DESKTOP = "Desktop";

export class GuestFolder implements ShownFolder {
  readonly canRestore = true;
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  pathOf(name: Uint8Array): Uint8Array {
    return Buffer.concat([Buffer.from(`${DESKTOP}/`), name]);
  }

  show(listener: FolderListener): () => void {
    return this.#vm.service(folders).show(Buffer.from(DESKTOP), listener);
  }

  change(path: Uint8Array, what: FileChange) {
    return this.#vm.service(folders).act(path, what);
  }
}
