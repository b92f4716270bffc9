/** Those of some VMs that have not stopped yet, by their tags. */
import { useStore } from "zustand";
import type { VmId } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { tagOf } from "../shell/vm-store.ts";
import { Tag } from "../ui/Tag.tsx";

export function RunningVms({ ids }: { ids: readonly VmId[] }) {
  const vms = useStore(useShell().vms, (state) => state.vms);
  const running = ids.filter((id) => vms.some((vm) => vm.id === id && vm.state !== "stopped"));
  return (
    <div className="prompt-tags">
      {running.map((id) => (
        <Tag key={id} tag={tagOf(vms, id)} />
      ))}
    </div>
  );
}
