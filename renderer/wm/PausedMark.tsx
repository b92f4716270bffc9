/** A VM that is paused looks like one that hangs: each of its windows says so, and it goes on from there. */
import { Play } from "lucide-react";
import type { VmId } from "#shared/model/vm.ts";
import { order } from "../desktop/bridge.ts";
import { useVm } from "../vms/use-vm.ts";

export function PausedMark({ vm: id }: { vm: VmId }) {
  const vm = useVm(id);
  if (vm?.state !== "paused") return null;
  return (
    <button
      type="button"
      className="paused-mark"
      tabIndex={-1}
      aria-label={`Paused, resume ${vm.name}`}
      onPointerDown={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onClick={() => order("vm.resume", { vm: id })}
    >
      <Play size={11} aria-hidden="true" />
      Paused
    </button>
  );
}
