import type { Vm } from "./vm.ts";

/** As of the application: the VMs that there are, and word that there may be others. */
export interface VmList {
  readonly vms: readonly Vm[];
  on(event: "changed", listener: () => void): unknown;
}

/** Calls `begin` once for each VM that there is, and for each that comes. */
export function eachVm(list: VmList, begin: (vm: Vm) => void): void {
  const known = new WeakSet<Vm>();
  const look = (): void => {
    for (const vm of list.vms) {
      if (known.has(vm)) continue;
      known.add(vm);
      begin(vm);
    }
  };
  list.on("changed", look);
  look();
}
