/** One question at a time for each VM: whatever else it wants waits, and what is too much is refused. */
import type { VmId } from "#shared/model/vm.ts";
import { AppError } from "#shared/model/app-error.ts";

/** More would be a pile of prompts that nobody reads. */
const MAX_WAITING = 8;

export class Turns {
  readonly #last = new Map<VmId, Promise<unknown>>();
  readonly #waiting = new Map<VmId, number>();

  /** Runs `act` when all before it of this VM are over. @throws AppError open.busy, and what `act` throws */
  async take<Result>(vm: { readonly id: VmId; readonly name: string }, act: () => Promise<Result>): Promise<Result> {
    const waiting = this.#waiting.get(vm.id) ?? 0;
    if (waiting >= MAX_WAITING)
      throw new AppError(
        "open.busy",
        `VM "${vm.name}" wants to open too much at once: answer what it has asked first.`,
        {
          vm: vm.name,
        },
      );
    this.#waiting.set(vm.id, waiting + 1);
    const before = this.#last.get(vm.id) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(act);
    this.#last.set(vm.id, mine);
    try {
      return await mine;
    } finally {
      const left = (this.#waiting.get(vm.id) ?? 1) - 1;
      if (left > 0) this.#waiting.set(vm.id, left);
      else {
        this.#waiting.delete(vm.id);
        this.#last.delete(vm.id);
      }
    }
  }
}
