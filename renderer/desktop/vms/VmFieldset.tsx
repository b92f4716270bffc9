/** The fields that a VM that is there and one that is to be made have in common. */
import { type KeyboardEvent as ReactKeyboardEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import type { VmNetwork } from "#shared/model/vm.ts";
import { useRequest } from "../../shell/use-request.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { PRESETS, type PresetRole } from "../../vms/presets.ts";
import { cpusProblem, memoryProblem, type VmFields, withRole } from "./vm-form.ts";
import { memoryWords, type Size } from "./vm-words.ts";

const NETWORKS = [
  ["none", "None"],
  ["firewall", "Behind the firewall"],
  ["direct", "Direct, without the firewall"],
] as const satisfies readonly (readonly [VmNetwork, string])[];

interface VmFieldsetProps {
  fields: VmFields;
  /** Of its template; null: not known. */
  size: Size | null;
  change: (fields: VmFields) => void;
}

export function VmFieldset({ fields, size, change }: VmFieldsetProps) {
  const { network, via } = fields;
  return (
    <>
      <Labels chosen={fields.label} choose={(label) => change({ ...fields, label })} />
      <Choice
        title="What it is for, and may reach"
        value={fields.role}
        choices={PRESETS}
        choose={(role: PresetRole) => change(withRole(fields, role))}
      />
      {network !== null && (
        <Choice
          title="Network"
          value={network}
          choices={NETWORKS}
          choose={(next: VmNetwork) => change({ ...fields, network: next })}
        />
      )}
      {network === "firewall" && <Via via={via} choose={(next) => change({ ...fields, via: next })} />}
      <div className="vm-numbers">
        <TextField
          title="Memory, MiB"
          value={fields.memory}
          problem={memoryProblem(fields.memory)}
          hint={size === null ? "" : `The template’s: ${memoryWords(size.memoryMiB)}`}
          placeholder={size === null ? "" : String(size.memoryMiB)}
          isNumber
          change={(memory) => change({ ...fields, memory })}
        />
        <TextField
          title="Processors"
          value={fields.cpus}
          problem={cpusProblem(fields.cpus)}
          hint={size === null ? "" : `The template’s: ${size.cpus}`}
          placeholder={size === null ? "" : String(size.cpus)}
          isNumber
          change={(cpus) => change({ ...fields, cpus })}
        />
      </div>
    </>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Colour and shape: each is a choice of one. */
function Labels({ chosen, choose }: { chosen: LabelName; choose: (label: LabelName) => void }) {
  const group = useRef<HTMLDivElement>(null);
  const title = useId();
  const walk = (event: ReactKeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (LABEL_NAMES.indexOf(chosen) + step + LABEL_NAMES.length) % LABEL_NAMES.length;
    choose(LABEL_NAMES[at] ?? chosen);
    group.current?.querySelectorAll<HTMLElement>('[role="radio"]')[at]?.focus();
  };
  return (
    <div className="service-field">
      <span className="vm-field-title" id={title}>
        Colour and shape
      </span>
      <div ref={group} className="vm-labels" role="radiogroup" aria-labelledby={title}>
        {LABEL_NAMES.map((label) => (
          <button
            key={label}
            type="button"
            role="radio"
            aria-checked={label === chosen}
            aria-label={label}
            title={label}
            tabIndex={label === chosen ? 0 : -1}
            data-label={label}
            onClick={() => choose(label)}
            onKeyDown={walk}
          >
            <LabelShape label={label} size={14} />
          </button>
        ))}
      </div>
    </div>
  );
}

/** A service between it and the firewall, of those that carry others' traffic. */
function Via({ via, choose }: { via: string; choose: (via: string) => void }) {
  const { value: services } = useRequest("service.list", {}, ["service.changed"]);
  const names = (services ?? [])
    .filter(({ rights }) => rights.some(({ id, asked }) => id === "serves" && asked))
    .map(({ name }) => name)
    .filter((name) => name !== "firewall");
  const all = via === "none" || names.includes(via) ? names : [...names, via];
  if (all.length === 0) return null;
  return (
    <Choice
      title="By a service"
      value={via}
      choices={[["none", "None"], ...all.map((name) => [name, name] as const)]}
      choose={choose}
    />
  );
}

interface ChoiceProps<Value extends string> {
  title: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  choose: (value: Value) => void;
  hint?: string | undefined;
}

export function Choice<Value extends string>({ title, value, choices, choose, hint }: ChoiceProps<Value>) {
  const id = useId();
  return (
    <div className="service-field">
      <label htmlFor={id}>{title}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value as Value)}>
        {choices.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
      {hint !== undefined && <small>{hint}</small>}
    </div>
  );
}

interface TextFieldProps {
  title: string;
  value: string;
  /** What it must be; null: it is. */
  problem: string | null;
  hint: ReactNode;
  placeholder?: string;
  isNumber?: boolean;
  /** From when it is there. */
  hasFocus?: boolean;
  change: (value: string) => void;
}

export function TextField(props: TextFieldProps) {
  const { title, value, problem, hint, placeholder = "", isNumber = false, hasFocus = false, change } = props;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (hasFocus) input.current?.focus();
  }, [hasFocus]);
  return (
    <div className="service-field">
      <label htmlFor={id}>{title}</label>
      <input
        ref={input}
        type="text"
        inputMode={isNumber ? "numeric" : "text"}
        id={id}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}-about`}
        aria-invalid={problem !== null}
        value={value}
        placeholder={placeholder}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <small id={`${id}-about`} data-problem={problem === null ? undefined : ""}>
        {problem === null ? hint : `It must be ${problem}.`}
      </small>
    </div>
  );
}
