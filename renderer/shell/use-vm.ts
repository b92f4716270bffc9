/** A view of a VM draws again when what it shows of it changes, and for nothing else. */
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { tagOf, vmStore, type VmTag } from "./vm-store.ts";

const NOBODY: VmTag = { name: "", label: "slate" };

/** undefined: it is removed, or main has not told of it yet. */
export function useVm(id: VmId): VmStatus | undefined {
  return useStore(vmStore, ({ vms }) => vms.find((vm) => vm.id === id));
}

/** Of a window that is gone (null) there is nothing to say. */
export function useTag(id: VmId | null): VmTag {
  return useStore(
    vmStore,
    useShallow(({ vms }) => (id === null ? NOBODY : tagOf(vms, id))),
  );
}
