/** When VMs stop that transfers go to: one subscription for each VM, however many transfers wait to write into it. */
import type { Vm } from "../vms/vm.ts";
import type { FilesParty } from "./transfer.ts";

export interface Departure {
  /** Resolves when a VM that runs, or is paused, does so no more; never of the host. */
  promise: Promise<void>;
  /** Nobody waits for it any more. */
  forget(): void;
}

export class Departures {
  readonly #waiting = new Map<Vm, { gone: Set<() => void>; unsubscribe: () => void }>();

  of(party: FilesParty): Departure {
    if (party.kind === "host") return { promise: new Promise(() => undefined), forget: () => undefined };
    const { vm } = party;
    const { gone } = this.#waiting.get(vm) ?? this.#watch(vm);
    let forget = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      gone.add(resolve);
      forget = () => this.#forget(vm, resolve);
    });
    return { promise, forget };
  }

  #watch(vm: Vm): { gone: Set<() => void> } {
    const gone = new Set<() => void>();
    let wasOn = vm.isOn;
    const unsubscribe = vm.on("changed", () => {
      if (wasOn && !vm.isOn) for (const resolve of gone) resolve();
      wasOn = vm.isOn;
    });
    const watched = { gone, unsubscribe };
    this.#waiting.set(vm, watched);
    return watched;
  }

  #forget(vm: Vm, resolve: () => void): void {
    const watched = this.#waiting.get(vm);
    if (watched?.gone.delete(resolve) !== true || watched.gone.size > 0) return;
    watched.unsubscribe();
    this.#waiting.delete(vm);
  }
}
