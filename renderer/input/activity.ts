/** Remembers a person's last action in a guest's window: which windows may take focus is decided by it (wm/model/activation.ts). */
import type { VmId } from "#shared/model/vm.ts";
import type { Activity } from "../wm/model/activation.ts";

export class ActivityTracker {
  readonly #used: () => void;
  #last: Activity | null = null;

  /** `used` is called when a person has used the focused window. */
  constructor(used: () => void = () => undefined) {
    this.#used = used;
  }

  get last(): Activity | null {
    return this.#last;
  }

  /** A person has chosen a window of this VM, or has left another one for it. */
  note(vm: VmId, atMs: number = performance.now()): void {
    this.#last = { vm, atMs };
  }

  /** A key or a button was pressed in the focused window, one of this VM. */
  used(vm: VmId): void {
    this.note(vm);
    this.#used();
  }
}
