/** A VM's definition: `config/vms/NAME.yaml`, a file that a person can read and edit. */
import { randomUUID } from "node:crypto";
import { parseDocument, stringify } from "yaml";
import { z } from "zod";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { VM_ID_PATTERN, VM_NAME_PATTERN, VM_NAME_WORDS, VM_ROLES, type VmId, type VmRole } from "#shared/model/vm.ts";
import { readYaml, type YamlResult } from "#shared/model/yaml-file.ts";
import type { MachineDefinition } from "../hardware/driver.ts";
import type { DriverType } from "../hardware/drivers.ts";

/** What every VM's definition has. The fields of its driver stand beside these, and only the driver reads them. */
export interface VmDefinition extends MachineDefinition {
  /** Name of a registered driver. */
  readonly driver: string;
  readonly label: LabelName;
  /** `app` where nothing is said. */
  readonly role?: VmRole | undefined;
  /** Whether it starts with the desktop. */
  readonly autostart: boolean;
  /** The VM that a disposable is for: it connects to no more than that one. Not in files: a definition's source says so. */
  readonly forVm?: VmId | undefined;
}

export type DefinitionSchema = z.ZodType<Omit<VmDefinition, "name">>;

/** The schema of a definition file: of every driver the common fields and its own. */
export function definitionSchema([first, ...others]: readonly [DriverType, ...DriverType[]]): DefinitionSchema {
  return z.discriminatedUnion("driver", [schemaOf(first), ...others.map(schemaOf)]);
}

function schemaOf(type: DriverType) {
  return z.strictObject({
    id: z.custom<VmId>(
      (value) => typeof value === "string" && VM_ID_PATTERN.test(value),
      "must be a UUID in lower case",
    ),
    driver: z.literal(type.name),
    label: z.enum(LABEL_NAMES),
    ...type.fields.shape,
    role: z.enum(VM_ROLES).optional(),
    autostart: z.boolean().default(false),
  });
}

/** The definition in `text`, which the file `name`.yaml holds. */
export function parseDefinition(
  schema: DefinitionSchema,
  name: string,
  text: string,
  file: string,
): YamlResult<VmDefinition> {
  if (!VM_NAME_PATTERN.test(name)) {
    const reason = `"${name}" is not a valid VM name: use ${VM_NAME_WORDS}`;
    return { ok: false, problem: { file, line: 1, column: 1, reason } };
  }
  const read = readYaml(schema, text, file);
  return read.ok ? { ...read, value: { ...read.value, name } } : read;
}

/** The text of a definition file. */
export function formatDefinition(definition: VmDefinition): string {
  const { name: _, ...fields } = definition;
  return stringify(fields);
}

/**
 * A VM that is new: its id is made here.
 *
 * @param machine its driver's name, and that driver's fields (`Drivers.define`)
 */
export function newDefinition(
  name: string,
  { label, role = "app" }: { label: LabelName; role?: VmRole },
  machine: { driver: string },
): VmDefinition {
  const { driver, ...fields } = machine;
  // What is the default need not stand in the file.
  const written = role === "app" ? {} : { role };
  return { id: randomUUID() as VmId, name, driver, label, ...written, ...fields, autostart: false };
}

/** The text of a definition file with other values in these fields, and everything else as a person has written it. */
export function withFields(text: string, fields: Readonly<Record<string, string | number>>): string {
  const document = parseDocument(text);
  for (const [name, value] of Object.entries(fields)) document.set(name, value);
  return document.toString({ lineWidth: 0 });
}
