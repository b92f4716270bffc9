/** A VM that does not run yet, or without the windows of its last run, in a list: its state, and what can be done. */
import "./waiting-vm.css";
import { AppWindow, Play } from "lucide-react";
import { Fragment, useState } from "react";
import { useStore } from "zustand";
import type { LastWindow } from "#shared/model/last-windows.ts";
import type { VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { GuestText } from "../ui/GuestText.tsx";
import { quoted } from "../ui/quoted.ts";
import { Tag } from "../ui/Tag.tsx";
import { canStart, factOf } from "./facts.ts";
import { StartSteps } from "./StartSteps.tsx";
import { StateDetail } from "./StateDetail.tsx";
import { TemplateProgress } from "./TemplateProgress.tsx";

interface WaitingVmProps {
  vm: VmStatus;
  /** What was open in it when it last ran; empty: nothing, or something has been opened since. */
  last?: readonly LastWindow[];
}

export function WaitingVm({ vm, last = [] }: WaitingVmProps) {
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
        {vm.role !== "app" && ` · ${vm.role}`}
        {vm.stateDetail !== "" && (
          <small>
            <StateDetail vm={vm} />
          </small>
        )}
        {last.length > 0 && <LastWindows windows={last} />}
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
      {last.length > 0 && <Reopen vm={vm} />}
    </li>
  );
}

/** More would make the list of VMs one of windows. */
const SHOWN_LAST = 3;

function LastWindows({ windows }: { windows: readonly LastWindow[] }) {
  const more = windows.length - SHOWN_LAST;
  return (
    <small className="waiting-last">
      Last open:{" "}
      {windows.slice(0, SHOWN_LAST).map(({ title, appId }, at) => (
        <Fragment key={at}>
          {at > 0 && ", "}
          <GuestText text={title === "" ? appId : title} />
        </Fragment>
      ))}
      {more > 0 && ` and ${more} more`}
    </small>
  );
}

/** Starts the VM where it is off, and the programs that were open in it. */
function Reopen({ vm: { id, name, state } }: { vm: VmStatus }) {
  const { bridge, notices } = useShell();
  const [isUnderWay, setUnderWay] = useState(false);
  const reopen = async (): Promise<void> => {
    setUnderWay(true);
    const answer = await bridge.request("window.reopen", { vm: id });
    setUnderWay(false);
    if (!answer.ok) return notices.show(answer.error.message);
    const { missing } = answer.value;
    if (missing.length === 0) return;
    const more = missing.length - SHOWN_LAST;
    const words = missing.slice(0, SHOWN_LAST).map(quoted).join(", ");
    notices.show(`Not opened again in VM "${name}": ${words}${more > 0 ? ` and ${more} more` : ""}.`);
  };
  return (
    <button
      type="button"
      className="button"
      data-kind="main"
      disabled={isUnderWay}
      aria-label={`${state === "running" ? "Reopen" : "Start and reopen"} the last windows of ${name}`}
      onClick={() => void reopen()}
    >
      <AppWindow size={13} aria-hidden="true" />
      {isUnderWay ? "Opening…" : "Reopen"}
    </button>
  );
}
