/** The VMs, as main reports them. */
import { createStore } from "zustand/vanilla";
import { shallow } from "zustand/vanilla/shallow";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { VmTag } from "../ui/Tag.tsx";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface VmState {
  vms: readonly VmStatus[];
}

export interface VmStore extends ReadonlyStore<VmState> {
  /**
   * Takes main's list, which comes whenever any window of any VM opens, closes or changes. What is equal stays the same
   * object, a VM as well as the list, so that no view renders for it.
   */
  take: (list: readonly VmStatus[]) => void;
}

export function createVmStore(): VmStore {
  const { getState, getInitialState, setState, subscribe } = createStore<VmState>(() => ({ vms: [] }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (list) => {
      const { vms } = getState();
      const kept = list.map((vm) => vms.find((known) => looksAlike(known, vm)) ?? vm);
      if (!shallow(kept, vms)) setState({ vms: kept });
    },
  };
}

/** Equal but for the uptime, which changes every second and is not shown on the desktop. */
function looksAlike(a: VmStatus, b: VmStatus): boolean {
  return shallow({ ...a, uptimeS: null }, { ...b, uptimeS: null });
}

/** Name and label of a VM for its frames; of one that main has not reported yet (or no longer), its id and a quiet label. */
export function tagOf(vms: readonly VmStatus[], id: VmId): VmTag {
  const vm = vms.find((known) => known.id === id);
  return vm === undefined ? { name: id.slice(0, 8), label: "slate" } : { name: vm.name, label: vm.label };
}

/** The label of the VM of this name; of one that is not there a quiet one. */
export function labelNamed(vms: readonly VmStatus[], name: string): LabelName {
  return vms.find((vm) => vm.name === name)?.label ?? "slate";
}
