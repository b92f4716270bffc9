/** Shown while there is no window: how far the VMs have started, and what to do next. */
import "./empty-hint.css";
import { Play } from "lucide-react";
import { useStore } from "zustand";
import type { VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { Tag } from "../ui/Tag.tsx";
import { canStart, factOf } from "../vms/facts.ts";
import { StateDetail } from "../vms/StateDetail.tsx";
import { StartSteps } from "../vms/StartSteps.tsx";

export function EmptyHint() {
  const { vms: vmStore, overlays } = useShell();
  const vms = useStore(vmStore, (state) => state.vms);
  const isReady = vms.some((vm) => vm.state === "running");
  const waiting = vms.filter((vm) => vm.state !== "running");
  return (
    <div className="empty-hint">
      <h1>{headline(vms)}</h1>
      {isReady && (
        <>
          <p>
            Open a program of any VM: press <kbd>Super</kbd> or
          </p>
          <button
            type="button"
            className="button"
            data-kind="main"
            onClick={() => overlays.open({ kind: "launcher", vm: null })}
          >
            Show all programs
          </button>
        </>
      )}
      {vms.length === 0 && (
        <p>
          Make one in a terminal: <code>atoll vm create work --label blue --template debian</code>
        </p>
      )}
      {waiting.length > 0 && (
        <ul className="empty-vms">
          {waiting.map((vm) => (
            <WaitingVm key={vm.id} vm={vm} />
          ))}
        </ul>
      )}
    </div>
  );
}

function headline(vms: readonly VmStatus[]): string {
  if (vms.length === 0) return "There is no VM yet";
  if (vms.some((vm) => vm.state === "running")) return "Calm water";
  const starting = vms.filter((vm) => vm.state === "starting");
  if (starting.length > 1) return `${starting.length} VMs are starting`;
  if (starting[0] !== undefined) return `“${starting[0].name}” is starting`;
  return "No VM is running";
}

function WaitingVm({ vm }: { vm: VmStatus }) {
  const { send } = useShell();
  const fact = factOf(vm);
  return (
    <li data-label={vm.label} data-tone={fact.tone}>
      <Tag tag={vm} />
      <span className="empty-fact">
        {fact.text}
        {vm.stateDetail !== "" && (
          <small>
            <StateDetail vm={vm} />
          </small>
        )}
      </span>
      {vm.state === "starting" && <StartSteps phase={vm.startPhase} />}
      {canStart(vm) && (
        <button
          type="button"
          className="button"
          aria-label={`Start ${vm.name}`}
          onClick={() => send("vm.start", { vm: vm.id })}
        >
          <Play size={13} aria-hidden="true" />
          Start
        </button>
      )}
    </li>
  );
}
