/** A paused VM looks like one that hangs: a button on each of its windows says that it is paused, and resumes it. */
import { Play } from "lucide-react";
import { useStore } from "zustand";
import type { VmId } from "#shared/model/vm.ts";
import { useShell } from "../../shell/shell.ts";

export function PausedMark({ vm, name }: { vm: VmId; name: string }) {
  const { send, vms } = useShell();
  const isPaused = useStore(vms, (state) => state.vms.some(({ id, state }) => id === vm && state === "paused"));
  if (!isPaused) return null;
  return (
    <button
      type="button"
      className="paused-mark"
      tabIndex={-1}
      aria-label={`Paused, resume ${name}`}
      onPointerDown={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onClick={() => send("vm.resume", { vm })}
    >
      <Play size={11} aria-hidden="true" />
      Paused
    </button>
  );
}
