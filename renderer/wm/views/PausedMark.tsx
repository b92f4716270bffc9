/** A VM that is paused looks like one that hangs: each of its windows says so, and it goes on from there. */
import { Play } from "lucide-react";
import { useStore } from "zustand";
import type { VmId } from "#shared/model/vm.ts";
import { order } from "../../host/bridge.ts";
import { vmStore } from "../../shell/vm-store.ts";

export function PausedMark({ vm, name }: { vm: VmId; name: string }) {
  const isPaused = useStore(vmStore, ({ vms }) => vms.some(({ id, state }) => id === vm && state === "paused"));
  if (!isPaused) return null;
  return (
    <button
      type="button"
      className="paused-mark"
      tabIndex={-1}
      aria-label={`Paused, resume ${name}`}
      onPointerDown={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onClick={() => order("vm.resume", { vm })}
    >
      <Play size={11} aria-hidden="true" />
      Paused
    </button>
  );
}
