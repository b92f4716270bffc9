/** Limits how many disposables the programs of one VM can have opened, so that none uses up the number or the memory of all. */
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";

/** Of one VM, those that start among them. What a person starts at the host does not count. */
const MAX_WANTED = 4;

export class WantedDisposables {
  readonly #counts = new Map<VmId, number>();

  /** One more for what a program of this VM wants opened. Returns a function that says, once, that it is over. @throws AppError open.busy */
  enter({ id, definition: { name } }: Vm): () => void {
    const count = this.#counts.get(id) ?? 0;
    if (count >= MAX_WANTED)
      throw new AppError(
        "open.busy",
        `${MAX_WANTED} disposable VMs are open for what programs of VM "${name}" have opened: close one of them first.`,
        { vm: name },
      );
    this.#counts.set(id, count + 1);
    return () => {
      const left = (this.#counts.get(id) ?? 1) - 1;
      if (left > 0) this.#counts.set(id, left);
      else this.#counts.delete(id);
    };
  }
}
