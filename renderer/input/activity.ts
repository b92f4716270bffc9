/** Remembers a person's last action in a guest's window: which windows may take focus is decided by it (wm/model/activation.ts). */
import type { VmId } from "#shared/model/vm.ts";
import type { Activity } from "../wm/model/activation.ts";

export class ActivityTracker {
  #last: Activity | null = null;

  get last(): Activity | null {
    return this.#last;
  }

  /** A key or a button was pressed in a window of this VM, or a person has chosen one. */
  note(vm: VmId, atMs: number = performance.now()): void {
    this.#last = { vm, atMs };
  }
}
