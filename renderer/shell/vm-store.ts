/** The VMs that main tells of. */
import { createStore } from "zustand/vanilla";
import { shallow } from "zustand/vanilla/shallow";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";

export const vmStore = createStore<{ vms: readonly VmStatus[] }>(() => ({ vms: [] }));

/**
 * Takes main's list, which comes whenever any window of any VM opens, closes or changes. What is as it was stays the same
 * object, a VM as well as the list, so that no view draws again for it.
 */
export function takeVms(told: readonly VmStatus[]): void {
  const { vms } = vmStore.getState();
  const kept = told.map((vm) => vms.find((known) => looksAlike(known, vm)) ?? vm);
  if (!shallow(kept, vms)) vmStore.setState({ vms: kept });
}

/** All but what changes by itself each second and is shown nowhere on the desktop. */
function looksAlike(a: VmStatus, b: VmStatus): boolean {
  return shallow({ ...a, uptimeS: null }, { ...b, uptimeS: null });
}

export interface VmTag {
  name: string;
  label: LabelName;
}

/** Name and label of a VM for its frames; of one that main has not told of yet (or no more), its id in the quietest label. */
export function tagOf(vms: readonly VmStatus[], id: VmId): VmTag {
  const vm = vms.find((known) => known.id === id);
  return vm === undefined ? { name: id.slice(0, 8), label: "slate" } : { name: vm.name, label: vm.label };
}
