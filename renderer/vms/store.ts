/** The VMs that main tells of. */
import { createStore } from "zustand/vanilla";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";

export const vmStore = createStore<{ vms: readonly VmStatus[] }>(() => ({ vms: [] }));

export interface VmTag {
  name: string;
  label: LabelName;
}

/** Name and label of a VM for its frames; of one that main has not told of yet (or no more), its id in the quietest label. */
export function tagOf(vms: readonly VmStatus[], id: VmId): VmTag {
  const vm = vms.find((known) => known.id === id);
  return vm === undefined ? { name: id.slice(0, 8), label: "slate" } : { name: vm.name, label: vm.label };
}
