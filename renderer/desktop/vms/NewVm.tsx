/** A VM that is to be made. */
import { Plus } from "lucide-react";
import { useState } from "react";
import type { TemplateView } from "#shared/model/template.ts";
import { DEFAULT_TEMPLATE, type VmId, type VmStatus } from "#shared/model/vm.ts";
import { LABEL_NAMES } from "#shared/model/label.ts";
import { useShell } from "../../shell/shell.ts";
import { Tag } from "../../ui/Tag.tsx";
import { Choice, TextField, VmFieldset } from "./VmFieldset.tsx";
import { changeOf, cpusProblem, memoryProblem, nameProblem, NEW_FIELDS, type VmFields } from "./vm-form.ts";

interface NewVmProps {
  vms: readonly VmStatus[];
  templates: readonly TemplateView[];
  /** null: there is none, as nobody wants one any more. */
  end: (made: VmId | null) => void;
}

export function NewVm({ vms, templates, end }: NewVmProps) {
  const { bridge, notices, send } = useShell();
  const [name, setName] = useState("");
  const [template, setTemplate] = useState(DEFAULT_TEMPLATE);
  const [fields, setFields] = useState<VmFields>(() => ({ ...NEW_FIELDS, label: unusedLabel(vms) }));
  const [isBusy, setBusy] = useState(false);
  const taken = vms.map((vm) => vm.name);
  const wrong = nameProblem(name, taken);
  const chosen = templates.find((one) => one.name === template);
  const isReady = [wrong, memoryProblem(fields.memory), cpusProblem(fields.cpus)].every((one) => one === null);

  const create = async (starts: boolean): Promise<void> => {
    setBusy(true);
    const { label, role, network } = fields;
    const { memory, cpus, via } = changeOf(NEW_FIELDS, fields);
    const answer = await bridge.request("vm.create", {
      ...{ name, label, role },
      machine: {
        template,
        ...(network !== null && { network }),
        ...(memory !== undefined && { memory }),
        ...(cpus !== undefined && { cpus }),
        ...(via !== undefined && network === "firewall" && { via }),
      },
    });
    setBusy(false);
    if (!answer.ok) return notices.show(answer.error.message);
    if (starts) send("vm.start", { vm: answer.value.id });
    end(answer.value.id);
  };

  return (
    <form
      className="vm-detail"
      aria-label="New VM"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isBusy) void create(true);
      }}
    >
      <header>
        <Tag tag={{ name: name === "" ? "new" : name, label: fields.label }} />
        <h3>New VM</h3>
      </header>
      <TextField
        title="Name"
        value={name}
        // Nothing is wrong with what nobody has typed yet.
        problem={name === "" ? null : wrong}
        hint="It is on its windows, and is its host name"
        hasFocus
        change={setName}
      />
      <Choice
        title="Template"
        value={template}
        choices={templatesOf(templates, template)}
        choose={setTemplate}
        hint={chosen?.description}
      />
      <VmFieldset fields={fields} size={chosen ?? null} change={setFields} />
      <div className="service-actions">
        <button type="button" className="button" onClick={() => end(null)}>
          Cancel
        </button>
        <button type="button" className="button" disabled={!isReady || isBusy} onClick={() => void create(false)}>
          Create
        </button>
        <button type="submit" className="button icon-button" data-kind="main" disabled={!isReady || isBusy}>
          <Plus size={14} aria-hidden="true" />
          {isBusy ? "Creating…" : "Create and start"}
        </button>
      </div>
    </form>
  );
}

/** The first that no VM has, so that two that are made one after the other are told apart. */
function unusedLabel(vms: readonly VmStatus[]): VmFields["label"] {
  return LABEL_NAMES.find((label) => !vms.some((vm) => vm.label === label)) ?? "lagoon";
}

function templatesOf(templates: readonly TemplateView[], chosen: string): [string, string][] {
  const all = templates.map(({ name, built }): [string, string] => [name, built ? name : `${name} (is built first)`]);
  return templates.some(({ name }) => name === chosen) ? all : [[chosen, chosen], ...all];
}
