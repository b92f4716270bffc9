/** What a person types of a VM, and why it is no such thing. Pure. */
import type { LabelName } from "#shared/model/label.ts";
import {
  VM_CPUS,
  VM_MEMORY_MIB,
  VM_NAME_PATTERN,
  VM_NAME_WORDS,
  type VmNetwork,
  type VmStatus,
} from "#shared/model/vm.ts";
import { narrowedNetwork, type PresetRole } from "../../vms/presets.ts";

/** As they stand in the fields. */
export interface VmFields {
  label: LabelName;
  role: PresetRole;
  /** MiB, and processors; "": the template's. */
  memory: string;
  cpus: string;
  /** null: its driver makes none. */
  network: VmNetwork | null;
  /** A service's name; "none": none. */
  via: string;
}

export function fieldsOf(vm: VmStatus & { role: PresetRole }): VmFields {
  const { label, role, network, via = "none", memoryMiB, cpus } = vm;
  const typed = (number: number | undefined): string => (number === undefined ? "" : String(number));
  return { label, role, network, via, memory: typed(memoryMiB), cpus: typed(cpus) };
}

/** Of a VM that is not there yet: as those of the first start are. */
export const NEW_FIELDS: VmFields = {
  ...{ label: "lagoon", role: "app", memory: "", cpus: "", network: "firewall", via: "none" },
};

/** A role that may reach less takes its network with it, as in the menu of a VM. */
export function withRole(fields: VmFields, role: PresetRole): VmFields {
  return { ...fields, role, network: narrowedNetwork(role, fields.network) ?? fields.network };
}

/** Why a number cannot be its memory or its processors; null: it can, or the template's is taken. */
function numberProblem(text: string, { min, max }: { min: number; max: number }): string | null {
  if (text.trim() === "") return null;
  const number = Number(text);
  if (/^[0-9]{1,7}$/.test(text.trim()) && number >= min && number <= max) return null;
  return `a whole number from ${min} to ${max}`;
}

export const memoryProblem = (text: string): string | null => numberProblem(text, VM_MEMORY_MIB);
export const cpusProblem = (text: string): string | null => numberProblem(text, VM_CPUS);

export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (taken.includes(name)) return `another name: there is a VM “${name}”`;
  return VM_NAME_PATTERN.test(name) ? null : VM_NAME_WORDS;
}

interface Change {
  label?: LabelName;
  role?: PresetRole;
  memory?: number;
  cpus?: number;
  network?: VmNetwork;
  via?: string;
}

/** What is another value than before. A number that was taken away stays as it was: nothing says "the template's" of a VM that is there. */
export function changeOf(before: VmFields, now: VmFields): Change {
  const isOther = (key: keyof VmFields): boolean => now[key] !== before[key];
  return {
    ...(isOther("label") && { label: now.label }),
    ...(isOther("role") && { role: now.role }),
    ...(isOther("memory") && now.memory.trim() !== "" && { memory: Number(now.memory) }),
    ...(isOther("cpus") && now.cpus.trim() !== "" && { cpus: Number(now.cpus) }),
    ...(isOther("network") && now.network !== null && { network: now.network }),
    ...(isOther("via") && { via: now.via }),
  };
}
