/** A VM's definition: `config/vms/NAME.yaml`, a file that a person can read and edit. */
import { randomUUID } from "node:crypto";
import { parseDocument, stringify } from "yaml";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { VM_ID_PATTERN, VM_NAME_PATTERN, type VmId } from "#shared/model/vm.ts";

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
  memory: z.int().min(64).max(1_048_576).nullable().default(null),
  cpus: z.int().min(1).max(64).nullable().default(null),
  network: z.literal("none").default("none"),
  autostart,
});

const externalDefinition = z.strictObject({
  id,
  driver: z.literal("external"),
  label,
  channels: z.strictObject({
    control: z.string().startsWith("/"),
    frames: z.string().startsWith("/"),
    bulk: z.string().startsWith("/"),
  }),
  autostart,
});

const definitionSchema = z.discriminatedUnion("driver", [qemuDefinition, externalDefinition]);

export type VmDefinition = z.infer<typeof definitionSchema> & { name: string };
export type QemuDefinition = Extract<VmDefinition, { driver: "qemu" }>;

/** Reads a definition. Throws vm.bad-definition, which names file, line and reason. */
export function parseDefinition(name: string, text: string, file: string): VmDefinition {
  const fail = (line: number, reason: string): never => {
    throw new AppError("vm.bad-definition", `${file}:${line}: ${reason}`, { file, line, reason });
  };
  if (!VM_NAME_PATTERN.test(name)) fail(1, `"${name}" is no name of a VM: small letters, digits and "-", at most 31`);
  const document = parseDocument(text, { uniqueKeys: true });
  const [syntax] = document.errors;
  if (syntax !== undefined) fail(syntax.linePos?.[0].line ?? 1, syntax.message.split("\n")[0] ?? "no YAML");
  const parsed = definitionSchema.safeParse(document.toJS({ maxAliasCount: 10 }));
  if (parsed.success) return { ...parsed.data, name };
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  return fail(
    lineOf(text, document.getIn(path, true) ?? document.get(path[0], true)),
    `${path.join(".") || "definition"}: ${issue?.message ?? "not valid"}`,
  );
}

/** 1-based line of a YAML node; 1 where it has none. */
function lineOf(text: string, node: unknown): number {
  const range = (node as { range?: readonly number[] } | null | undefined)?.range;
  return range?.[0] === undefined ? 1 : text.slice(0, range[0]).split("\n").length;
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
