/** When a person last acted in a guest's window or chose one, and in which VM: what may take focus is decided by it. */
import type { VmId } from "#shared/model/vm.ts";

export interface Activity {
  vm: VmId;
  /** performance.now() */
  atMs: number;
}

let last: Activity | null = null;

/** A key or a button was pressed in a window of this VM, or a person has turned to one. */
export function noteActivity(vm: VmId, atMs: number = performance.now()): void {
  last = { vm, atMs };
}

export function lastActivity(): Activity | null {
  return last;
}
