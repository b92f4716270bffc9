/** `config/open.yaml`: which files and links open where, and why. Pure. */
import { z } from "zod";
import { OPEN_WORDS, type OpenWord, TYPE_GROUP_WORDS, TYPE_GROUPS, type TypeGroup } from "#shared/model/open.ts";
import { VM_NAME_PATTERN, type VmId } from "#shared/model/vm.ts";
import { readYaml, type YamlResult } from "#shared/model/yaml-file.ts";
import { isDisposable, type Party, type VmParty } from "../policy/crossing.ts";
import { matchesParty } from "../policy/evaluate.ts";
import { partyWords } from "../policy/explain.ts";
import { partyPattern } from "../policy/policy-file.ts";
import type { PartyPattern } from "../policy/rules.ts";

/** In the configuration folder. */
export const OPEN_RULES_FILE = "open.yaml";

export interface OpenRule {
  /** Of the file, from 1. */
  readonly line: number;
  /** The rule on one line, as it is shown. */
  readonly text: string;
  /** null: any. */
  readonly group: TypeGroup | null;
  readonly from: PartyPattern;
  /** `from` as it is written. */
  readonly fromWord: string;
  readonly in: { readonly kind: OpenWord } | { readonly kind: "vm"; readonly name: string };
  /** Of a disposable; null: the default one. */
  readonly template: string | null;
  readonly edit: boolean;
}

/** What is opened, as far as rules look at it. */
export interface Opened {
  readonly group: TypeGroup;
  readonly isLink: boolean;
  /** A link that means the machine on which it is opened. */
  readonly isLocal: boolean;
  readonly from: Party;
}

export type RulePlace =
  | { readonly kind: "here" }
  | { readonly kind: "vm"; readonly vm: VmParty }
  | { readonly kind: "disposable"; readonly template: string | null }
  /** `suggested`: what a rule says, which needs the person's word here. */
  | { readonly kind: "ask"; readonly suggested: Exclude<RulePlace, { kind: "ask" }> | null };

export interface PlaceDecision {
  readonly place: RulePlace;
  readonly edit: boolean;
  /** null: none matches, or none counts. */
  readonly rule: OpenRule | null;
  /** For people: why. */
  readonly explanation: string;
}

/** More is refused: the file is a person's, and is read at each change. */
const MAX_RULES = 2_000;
const ANY = "@any";

const ruleFields = z.strictObject({
  type: z.enum([...TYPE_GROUPS, ANY]),
  from: z.string().max(100),
  in: z.string().max(100),
  template: z.string().regex(VM_NAME_PATTERN, "must be a template's name").optional(),
  edit: z.boolean().optional(),
});

const fileSchema = z.strictObject({
  rules: z
    .array(
      ruleFields.transform((fields, context) => {
        const from = partyPattern(fields.from);
        const place = placeOf(fields.in);
        const refuse = (field: string, message: string): never => {
          context.addIssue({ code: "custom", path: [field], message });
          return z.NEVER;
        };
        if (from === null) return refuse("from", `"${fields.from}" is no VM's name and no group of VMs`);
        if (place === null) return refuse("in", `"${fields.in}" is none of ${OPEN_WORDS.join(", ")}, and no VM's name`);
        if (from.kind === "host" && place.kind === "here")
          return refuse("in", "nothing is opened on the host itself: name a VM, or say disposable or ask");
        if (fields.template !== undefined && place.kind !== "disposable")
          return refuse("template", "only a disposable VM is made from a template");
        return { fields, from, place };
      }),
    )
    .max(MAX_RULES)
    .nullable()
    .default([]),
});

/** @param file its absolute path, for what is said of it */
export function readOpenRules(text: string, file: string): YamlResult<readonly OpenRule[]> {
  const read = readYaml(fileSchema, text, file);
  if (!read.ok) return read;
  const rules = (read.value.rules ?? []).map(({ fields, from, place }, at) => ({
    line: read.lineOf(["rules", at]),
    text: Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}`)
      .join(", "),
    group: fields.type === ANY ? null : fields.type,
    from,
    fromWord: fields.from,
    in: place,
    template: fields.template ?? null,
    edit: fields.edit ?? false,
  }));
  return { ok: true, lineOf: read.lineOf, value: rules };
}

function placeOf(word: string): OpenRule["in"] | null {
  const known = OPEN_WORDS.find((one) => one === word);
  if (known !== undefined) return { kind: known };
  return VM_NAME_PATTERN.test(word) ? { kind: "vm", name: word } : null;
}

const NO_FURTHER = "From a disposable VM nothing goes on without your own choice.";

/** The first rule that matches, and what counts before any rule. */
export function decidePlace(rules: readonly OpenRule[], opened: Opened, vms: readonly VmParty[]): PlaceDecision {
  const { from } = opened;
  const kept = keptHere(opened);
  if (kept !== null) return kept;
  const decided = byRules(rules, opened, vms);
  const { place } = decided;
  if (place.kind === "ask" || place.kind === "here" || !isDisposable(from)) return decided;
  return {
    ...askedFirst(place),
    edit: decided.edit,
    rule: decided.rule,
    explanation: `${decided.explanation} ${NO_FURTHER}`,
  };
}

/** What opens in its VM whatever rules say; null: rules decide. */
function keptHere({ from, isLink, isLocal }: Opened): PlaceDecision | null {
  const at = { edit: false, rule: null, place: { kind: "here" } } as const;
  if (from.kind !== "vm") return null;
  if (isLocal) return { ...at, explanation: `The link means ${from.name} itself, so it opens there.` };
  if (from.role === "vault" && isLink)
    return { ...at, explanation: `${from.name} is a vault, which opens links nowhere else.` };
  return null;
}

/** A program of the VM wants it in a disposable, which is no choice of the person's. */
export function decideDisposable(opened: Opened, edit: boolean): PlaceDecision {
  const kept = keptHere(opened);
  if (kept !== null) return kept;
  const place = { kind: "disposable", template: null } as const;
  if (isDisposable(opened.from)) return askedFirst(place);
  return {
    place,
    edit,
    rule: null,
    explanation: `A program in ${partyWords(opened.from)} wants it in a disposable VM.`,
  };
}

/** What goes there from a disposable VM. */
function askedFirst(suggested: Exclude<RulePlace, { kind: "ask" }>): PlaceDecision {
  return { place: { kind: "ask", suggested }, edit: false, rule: null, explanation: NO_FURTHER };
}

function byRules(rules: readonly OpenRule[], { group, from }: Opened, vms: readonly VmParty[]): PlaceDecision {
  const named = (name: string): VmParty | undefined => vms.find((vm) => vm.name === name);
  const boundTo = (name: string): VmId | null => named(name)?.id ?? null;
  for (const rule of rules) {
    if (rule.group !== null && rule.group !== group) continue;
    if (!matchesParty(rule.from, from, boundTo)) continue;
    const place = placeBy(rule, from, named);
    if (place === null) continue;
    const explanation = `Line ${rule.line} of open.yaml ${verdict(place)} ${TYPE_GROUP_WORDS[group]} from ${partyWords(from)}${where(place)}.`;
    return { place, edit: rule.edit && place.kind !== "here", rule, explanation };
  }
  const explanation = `No rule of open.yaml matches ${TYPE_GROUP_WORDS[group]} from ${partyWords(from)}, so they open in a disposable VM.`;
  return { place: { kind: "disposable", template: null }, edit: false, rule: null, explanation };
}

/** null: the rule names a VM that there is not. */
function placeBy(rule: OpenRule, from: Party, named: (name: string) => VmParty | undefined): RulePlace | null {
  switch (rule.in.kind) {
    case "here":
      return { kind: "here" };
    case "ask":
      return { kind: "ask", suggested: null };
    case "disposable":
      return { kind: "disposable", template: rule.template };
    case "vm": {
      const vm = named(rule.in.name);
      if (vm === undefined) return null;
      return from.kind === "vm" && from.id === vm.id ? { kind: "here" } : { kind: "vm", vm };
    }
  }
}

function verdict({ kind }: RulePlace): string {
  return kind === "ask" ? "asks where to open" : "opens";
}

function where(place: RulePlace): string {
  switch (place.kind) {
    case "here":
      return " where they are";
    case "vm":
      return ` in ${place.vm.name}`;
    case "disposable":
      return " in a disposable VM";
    case "ask":
      return "";
  }
}
