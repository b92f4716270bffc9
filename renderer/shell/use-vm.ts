/** A view of a VM renders when what it shows of it changes, and for nothing else. */
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { VmTag } from "../ui/Tag.tsx";
import { useShell } from "./shell.ts";
import { tagOf } from "./vm-store.ts";

const NO_VM: VmTag = { name: "", label: "slate" };

/** undefined: it is removed, or main has not reported it yet. */
export function useVm(id: VmId): VmStatus | undefined {
  return useStore(useShell().vms, ({ vms }) => vms.find((vm) => vm.id === id));
}

/** `id`: null for a window that is gone, whose view is about to go. */
export function useTag(id: VmId | null): VmTag {
  return useStore(
    useShell().vms,
    useShallow(({ vms }) => (id === null ? NO_VM : tagOf(vms, id))),
  );
}
