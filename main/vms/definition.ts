/** A VM's definition: `config/vms/NAME.yaml`, a file that a person can read and edit. */
import { randomUUID } from "node:crypto";
import { stringify } from "yaml";
import { z } from "zod";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { socketPath } from "#shared/model/socket-path.ts";
import { VM_CPUS, VM_ID_PATTERN, VM_MEMORY_MIB, VM_NAME_PATTERN, VM_NAME_WORDS, type VmId } from "#shared/model/vm.ts";
import { readYaml, type YamlResult } from "#shared/model/yaml-file.ts";

const id = z.custom<VmId>(
  (value) => typeof value === "string" && VM_ID_PATTERN.test(value),
  "must be a UUID in lower case",
);
const label = z.enum(LABEL_NAMES);
/** Whether it starts with the desktop. */
const autostart = z.boolean().default(false);

const qemuDefinition = z.strictObject({
  id,
  driver: z.literal("qemu"),
  label,
  template: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
  /** MiB; null = the recipe's. */
  memory: z.int().min(VM_MEMORY_MIB.min).max(VM_MEMORY_MIB.max).nullable().default(null),
  cpus: z.int().min(VM_CPUS.min).max(VM_CPUS.max).nullable().default(null),
  network: z.literal("none", 'VMs have no network yet, so only "none" is possible').default("none"),
  autostart,
});

const externalDefinition = z.strictObject({
  id,
  driver: z.literal("external"),
  label,
  channels: z.strictObject({ control: socketPath, frames: socketPath, bulk: socketPath }),
  autostart,
});

const definitionSchema = z.discriminatedUnion("driver", [qemuDefinition, externalDefinition]);

export type VmDefinition = z.infer<typeof definitionSchema> & { name: string };
export type QemuDefinition = Extract<VmDefinition, { driver: "qemu" }>;

/** The definition in `text`, which the file `name`.yaml holds. */
export function parseDefinition(name: string, text: string, file: string): YamlResult<VmDefinition> {
  if (!VM_NAME_PATTERN.test(name)) {
    const reason = `"${name}" is no name of a VM: ${VM_NAME_WORDS}`;
    return { ok: false, problem: { file, line: 1, column: 1, reason } };
  }
  const read = readYaml(definitionSchema, text, file);
  return read.ok ? { ok: true, value: { ...read.value, name } } : read;
}

export function formatDefinition(definition: VmDefinition): string {
  const { name: _, ...fields } = definition;
  return stringify(fields);
}

/** A VM that is new: its id is made here. */
export function newDefinition(name: string, label: LabelName, template: string): VmDefinition {
  return {
    id: randomUUID() as VmId,
    name,
    driver: "qemu",
    label,
    template,
    memory: null,
    cpus: null,
    network: "none",
    autostart: false,
  };
}
