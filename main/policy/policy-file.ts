/** `config/policy.yaml`: read into rules and expectations, or refused with the place of what is wrong. Pure. */
import { z } from "zod";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { POLICY_ACTIONS, POLICY_DECISIONS, type PolicyAction } from "#shared/model/policy.ts";
import { VM_NAME_PATTERN, VM_ROLES, type VmRole } from "#shared/model/vm.ts";
import { readYaml, type YamlResult } from "#shared/model/yaml-file.ts";
import { parseDestinationPattern, parseInternetPattern, parseVmPlace } from "./destination.ts";
import type { Expectation, PartyPattern, Rule, TargetPattern } from "./rules.ts";

/** In the configuration folder. */
export const POLICY_FILE = "policy.yaml";

export interface PolicyFile {
  readonly rules: readonly Rule[];
  readonly tests: readonly Expectation[];
}

/** More is refused: the file is a person's, and is read at each change. */
const MAX_RULES = 20_000;
const MAX_TESTS = 10_000;

const ANY_ACTION = "@any";
/** Of a type that stands beside this action. */
export const UNTYPED_SEND = '"file.send" is decided without a type, as files of many types are sent at once';
const mimePattern = z
  .string()
  .max(200)
  .regex(/^[a-z0-9.+-]+\/(?:\*|[a-z0-9.+-]+)$/i, 'must be a MIME type such as "text/plain", or "image/*"')
  .transform((type) => type.toLowerCase());
const bytes = z.int().min(0);
const word = z.string().max(300);

/** The fields by which a rule, or a test, names its crossing. */
const crossing = { from: word, to: word, type: mimePattern.optional() };

const ruleFields = z.strictObject({
  action: z.enum([...POLICY_ACTIONS, ANY_ACTION]),
  ...crossing,
  maxBytes: bytes.optional(),
  until: z.iso.datetime({ offset: true, error: 'must be a time such as "2026-12-24T18:00:00Z"' }).optional(),
  decision: z.enum(POLICY_DECISIONS),
  always: z.boolean().optional(),
  notify: z.boolean().optional(),
  scan: z.boolean().optional(),
  scanners: z.literal("one").optional(),
  unscanned: z.literal("ask").optional(),
});

const testFields = z.strictObject({
  name: word.optional(),
  action: z.enum(POLICY_ACTIONS),
  ...crossing,
  bytes: bytes.optional(),
  expect: z.enum(POLICY_DECISIONS),
});

const fileSchema = z.strictObject({
  rules: z
    .array(
      ruleFields
        .superRefine(checkScan)
        .superRefine(checkType)
        .superRefine(checkAsk)
        .transform((fields, context) => parties(fields, fields.action, context)),
    )
    .max(MAX_RULES)
    .nullable()
    .default([]),
  tests: z
    .array(testFields.superRefine(checkType).transform((fields, context) => parties(fields, fields.action, context)))
    .max(MAX_TESTS)
    .nullable()
    .default([]),
});

/** @param file its absolute path, for what is said of it */
export function readPolicy(text: string, file: string): YamlResult<PolicyFile> {
  const read = readYaml(fileSchema, text, file);
  if (!read.ok) return read;
  const { rules, tests } = read.value;
  return {
    ok: true,
    lineOf: read.lineOf,
    value: {
      rules: (rules ?? []).map(({ fields, from, to }, at) => ({
        line: read.lineOf(["rules", at]),
        text: ruleWords(fields),
        action: fields.action === ANY_ACTION ? null : fields.action,
        from,
        to,
        words: { action: fields.action, from: fields.from, to: fields.to },
        type: fields.type ?? null,
        maxBytes: fields.maxBytes ?? null,
        until: fields.until === undefined ? null : Date.parse(fields.until),
        decision: fields.decision,
        offersAlways: fields.always ?? true,
        notify: fields.notify ?? false,
        scan: fields.scan ?? false,
        oneScannerSuffices: fields.scanners === "one",
        asksUnscanned: fields.unscanned === "ask",
      })),
      tests: (tests ?? []).map(({ fields, from, to }, at) => {
        const { action, type = null, bytes: size = null, expect } = fields;
        const line = read.lineOf(["tests", at]);
        return { line, name: fields.name ?? `line ${line}`, action, from, to, type, bytes: size, expect };
      }),
    },
  };
}

/**
 * Only files can be asked about: a connection that nobody has scanned is over before anyone answers. And only files have several
 * scanners.
 */
function checkScan(fields: z.output<typeof ruleFields>, context: z.RefinementCtx): void {
  const { action, scan } = fields;
  const message =
    scan !== true
      ? 'has to stand beside "scan: true"'
      : action !== "file.send" && action !== "file.open"
        ? 'is for "file.send" and "file.open" alone'
        : null;
  if (message === null) return;
  for (const path of ["scanners", "unscanned"] as const)
    if (fields[path] !== undefined) context.addIssue({ code: "custom", path: [path], message });
}

/** Files that are sent are many, and folders: nobody is asked about one type. A rule that never matched would seem to deny. */
function checkType({ action, type }: { action: string; type?: unknown }, context: z.RefinementCtx): void {
  if (action === "file.send" && type !== undefined)
    context.addIssue({ code: "custom", path: ["type"], message: UNTYPED_SEND });
}

/** A card is of a name of the internet, and its answer a rule for that. */
function checkAsk({ action, to, decision }: z.output<typeof ruleFields>, context: z.RefinementCtx): void {
  if (action === "net.connect" && decision === "ask" && parseVmPlace(to) !== null)
    context.addIssue({
      code: "custom",
      path: ["decision"],
      message: "must be allow or deny where a VM is connected to",
    });
}

/** A rule on one line, as a person would write it with all that is not left to its default. */
function ruleWords(fields: z.output<typeof ruleFields>): string {
  const { action, from, to, decision, ...rest } = fields;
  const more = Object.entries(rest).map(([name, value]) => `${name}: ${value}`);
  return [`action: ${action}`, `from: ${from}`, `to: ${to}`, ...more, `decision: ${decision}`].join(", ");
}

interface Parties<Fields> {
  fields: Fields;
  from: PartyPattern;
  to: TargetPattern;
}

function parties<Fields extends { from: string; to: string }>(
  fields: Fields,
  action: PolicyAction | typeof ANY_ACTION,
  context: z.RefinementCtx,
): Parties<Fields> {
  const from = partyPattern(fields.from);
  const to = targetPattern(fields.to, action);
  const refuse = (field: "from" | "to", message: string): never => {
    context.addIssue({ code: "custom", path: [field], message });
    return z.NEVER;
  };
  if (from === null) return refuse("from", `"${fields.from}" is no VM's name and no group of VMs`);
  if (to === null) return refuse("to", `"${fields.to}" is nothing that "${action}" can lead to`);
  return { fields, from, to };
}

/** null: it is none. */
export function partyPattern(text: string): PartyPattern | null {
  if (text === "@host") return { kind: "host" };
  if (text === "@any") return { kind: "any" };
  if (text === "@disposable") return { kind: "disposable" };
  const [, group, member = ""] = /^@(label|role|template):(.+)$/.exec(text) ?? [];
  switch (group) {
    case "label":
      return (LABEL_NAMES as readonly string[]).includes(member) ? { kind: "label", label: member as LabelName } : null;
    case "role":
      return (VM_ROLES as readonly string[]).includes(member) ? { kind: "role", role: member as VmRole } : null;
    case "template":
      return VM_NAME_PATTERN.test(member) ? { kind: "template", template: member } : null;
    default:
      return VM_NAME_PATTERN.test(text) ? { kind: "vm", name: text } : null;
  }
}

function targetPattern(text: string, action: PolicyAction | typeof ANY_ACTION): TargetPattern | null {
  if (text === "@any") return { kind: "any" };
  if (action === "net.connect") {
    const internet = parseInternetPattern(text);
    if (internet !== null) return { kind: "internet", ...internet };
    const place = parseVmPlace(text);
    if (place !== null) return { kind: "vm-place", ...place };
    const destination = parseDestinationPattern(text);
    return destination === null ? null : { kind: "destination", destination };
  }
  if (action === "service.use") return VM_NAME_PATTERN.test(text) ? { kind: "service", name: text } : null;
  if (text === "@same-label") return { kind: "same-label" };
  return partyPattern(text);
}
