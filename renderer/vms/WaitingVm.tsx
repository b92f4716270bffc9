/** A VM that does not run yet, in a list: its state, how far it is, and what can be done. */
import "./waiting-vm.css";
import { Play } from "lucide-react";
import { useStore } from "zustand";
import type { VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { Tag } from "../ui/Tag.tsx";
import { canStart, factOf } from "./facts.ts";
import { StartSteps } from "./StartSteps.tsx";
import { StateDetail } from "./StateDetail.tsx";
import { TemplateProgress } from "./TemplateProgress.tsx";

export function WaitingVm({ vm }: { vm: VmStatus }) {
  const { send, templates } = useShell();
  const build = useStore(templates, ({ builds }) => (vm.template === null ? undefined : builds[vm.template]));
  const fact = factOf(vm);
  // It starts by itself when that is built.
  if (build !== undefined && vm.state === "stopped") {
    return (
      <li className="waiting-vm" data-label={vm.label}>
        <Tag tag={vm} />
        <TemplateProgress progress={build} />
      </li>
    );
  }
  return (
    <li className="waiting-vm" data-label={vm.label} data-tone={fact.tone}>
      <Tag tag={vm} />
      <span className="waiting-fact">
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
