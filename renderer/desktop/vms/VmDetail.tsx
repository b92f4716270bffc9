/** One VM: what it is and does, what can be done to it, and what it is given. */
import { Boxes, LayoutGrid, Pause, Play, Power, RotateCw, Skull, Trash2 } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import type { TemplateView } from "#shared/model/template.ts";
import type { VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../../shell/shell.ts";
import { tagOf } from "../../shell/vm-store.ts";
import { Tag } from "../../ui/Tag.tsx";
import { canStart, factOf, machineOf } from "../../vms/facts.ts";
import { hasChoiceOfPreset, type PresetRole } from "../../vms/presets.ts";
import { StartSteps } from "../../vms/StartSteps.tsx";
import { StateDetail } from "../../vms/StateDetail.tsx";
import { STOP_WAIT_S } from "../../vms/stop.ts";
import { TemplateProgress } from "../../vms/TemplateProgress.tsx";
import { VmFieldset } from "./VmFieldset.tsx";
import { changeOf, cpusProblem, fieldsOf, memoryProblem, type VmFields } from "./vm-form.ts";

export function VmDetail({ vm, templates }: { vm: VmStatus; templates: readonly TemplateView[] }) {
  const { overlays, vms, templates: builds } = useShell();
  const build = useStore(builds, (state) => (vm.template === null ? undefined : state.builds[vm.template]));
  const fact = factOf(vm);
  const forVm = vm.forVm === undefined ? null : tagOf(vms.getState().vms, vm.forVm);
  return (
    <section className="vm-detail" aria-label={vm.name}>
      <header>
        <Tag tag={vm} />
        <span className="vm-state" data-tone={fact.tone} data-state={vm.state}>
          {fact.text}
        </span>
        {vm.state === "starting" && <StartSteps phase={vm.startPhase} />}
      </header>
      <p>{machineOf(vm)}</p>
      {vm.stateDetail !== "" && (
        <p className="vm-why">
          <StateDetail vm={vm} />
        </p>
      )}
      {vm.networkDetail !== "" && <p className="vm-why">{vm.networkDetail}</p>}
      {build !== undefined && vm.state === "stopped" && <TemplateProgress progress={build} />}
      <Actions vm={vm} />
      {vm.role === "disposable" && (
        <p>
          A disposable: when it ends it is gone, with all that was written in it.
          {forVm !== null && (
            <>
              {" "}
              It is for <Tag tag={forVm} />
            </>
          )}
        </p>
      )}
      {vm.role === "service" && (
        <p>
          It belongs to the service of its name, which starts it and says what it is given.{" "}
          <button type="button" className="link" onClick={() => overlays.open({ kind: "sheet", tab: "services" })}>
            <Boxes size={13} aria-hidden="true" />
            Services
          </button>
        </p>
      )}
      {hasChoiceOfPreset(vm) && <Settings vm={vm} templates={templates} />}
    </section>
  );
}

function Actions({ vm }: { vm: VmStatus }) {
  const { bridge, notices, overlays, send } = useShell();
  const [isRestarting, setRestarting] = useState(false);
  const [isRemoving, setRemoving] = useState(false);
  const { id, name, state } = vm;
  const isOff = canStart(vm);

  const restart = async (): Promise<void> => {
    setRestarting(true);
    const stopped = await bridge.request("vm.stop", { vm: id, waitS: STOP_WAIT_S });
    const answer = stopped.ok ? await bridge.request("vm.start", { vm: id, waitS: null }) : stopped;
    setRestarting(false);
    if (!answer.ok) notices.show(answer.error.message);
  };

  if (isRemoving)
    return (
      <div className="vm-remove" role="group" aria-label={`Remove ${name}?`}>
        <span>Its disk goes, with all files on it. This cannot be undone.</span>
        <div className="service-actions">
          <button type="button" className="button" ref={focus} onClick={() => setRemoving(false)}>
            Keep
          </button>
          <button
            type="button"
            className="button icon-button"
            data-kind="danger"
            onClick={() => {
              setRemoving(false);
              send("vm.remove", { vm: id, waitS: null });
            }}
          >
            <Trash2 size={14} aria-hidden="true" />
            Remove {name}
          </button>
        </div>
      </div>
    );
  return (
    <div className="service-actions">
      {isOff && (
        <button
          type="button"
          className="button icon-button"
          data-kind="main"
          disabled={isRestarting}
          onClick={() => send("vm.start", { vm: id, waitS: null })}
        >
          <Play size={14} aria-hidden="true" />
          Start
        </button>
      )}
      {state === "running" && vm.role !== "service" && (
        <button
          type="button"
          className="button icon-button"
          data-kind="main"
          onClick={() => overlays.open({ kind: "launcher", vm: id })}
        >
          <LayoutGrid size={14} aria-hidden="true" />
          Programs
        </button>
      )}
      {state === "running" && (
        <button type="button" className="button icon-button" onClick={() => send("vm.pause", { vm: id, waitS: null })}>
          <Pause size={14} aria-hidden="true" />
          Pause
        </button>
      )}
      {state === "paused" && (
        <button
          type="button"
          className="button icon-button"
          data-kind="main"
          onClick={() => send("vm.resume", { vm: id, waitS: null })}
        >
          <Play size={14} aria-hidden="true" />
          Resume
        </button>
      )}
      {(state === "running" || isRestarting) && hasChoiceOfPreset(vm) && (
        <button type="button" className="button icon-button" disabled={isRestarting} onClick={() => void restart()}>
          <RotateCw size={14} aria-hidden="true" />
          {isRestarting ? "Restarting…" : "Restart"}
        </button>
      )}
      {!isOff && (
        <button
          type="button"
          className="button icon-button"
          disabled={isRestarting || state === "stopping"}
          onClick={() => send("vm.stop", { vm: id, waitS: STOP_WAIT_S })}
        >
          <Power size={14} aria-hidden="true" />
          Shut down
        </button>
      )}
      {!isOff && (
        <button
          type="button"
          className="button icon-button"
          data-kind="danger"
          onClick={() => send("vm.kill", { vm: id, waitS: null, confirm: true })}
        >
          <Skull size={14} aria-hidden="true" />
          Kill…
        </button>
      )}
      {isOff && hasChoiceOfPreset(vm) && (
        <button type="button" className="button icon-button" data-kind="danger" onClick={() => setRemoving(true)}>
          <Trash2 size={14} aria-hidden="true" />
          Remove…
        </button>
      )}
    </div>
  );
}

/** Where what was asked for is not done. */
function focus(element: HTMLElement | null): void {
  element?.focus();
}

function Settings({ vm, templates }: { vm: VmStatus & { role: PresetRole }; templates: readonly TemplateView[] }) {
  const { bridge, notices } = useShell();
  const before = fieldsOf(vm);
  /** What was typed; null: nothing was. */
  const [typed, setTyped] = useState<VmFields | null>(null);
  const [isSaving, setSaving] = useState(false);
  const [note, setNote] = useState("");
  const fields = typed ?? before;
  const change = changeOf(before, fields);
  const isChanged = Object.keys(change).length > 0;
  const isRight = memoryProblem(fields.memory) === null && cpusProblem(fields.cpus) === null;
  const save = async (): Promise<void> => {
    setSaving(true);
    const answer = await bridge.request("vm.set", { vm: vm.id, ...change });
    setSaving(false);
    if (!answer.ok) return notices.show(answer.error.message);
    const { fromNextStart } = answer.value;
    // What was typed meanwhile is not saved yet.
    setTyped((now) => (now === typed ? null : now));
    setNote(fromNextStart.length === 0 ? "Saved." : `Saved. From its next start on: ${wordsOf(fromNextStart)}.`);
  };
  return (
    <form
      className="service-part"
      aria-label="Settings"
      onSubmit={(event) => {
        event.preventDefault();
        if (isChanged && isRight && !isSaving) void save();
      }}
    >
      <VmFieldset
        fields={fields}
        size={templates.find(({ name }) => name === vm.template) ?? null}
        change={(next) => {
          setNote("");
          setTyped(next);
        }}
      />
      <div className="service-actions">
        <span role="status">{note}</span>
        <button type="button" className="button" disabled={typed === null || isSaving} onClick={() => setTyped(null)}>
          Discard
        </button>
        <button type="submit" className="button" data-kind="main" disabled={!isChanged || !isRight || isSaving}>
          {isSaving ? "Saving…" : "Save"}
        </button>
      </div>
    </form>
  );
}

const WORDS = { memory: "memory", cpus: "processors", network: "network" } as const;

function wordsOf(names: readonly (keyof typeof WORDS)[]): string {
  return names.map((name) => WORDS[name]).join(" and ");
}
