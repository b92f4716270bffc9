/**
 * Rules as a file of their own, and such a file's rules put into policy.yaml: where they cannot widen what a rule there denies.
 * Pure.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import { problemWords } from "#shared/model/yaml-file.ts";
import { readPolicy } from "./policy-file.ts";
import { linesOfRule, type RuleFields, withRules } from "./rule-edit.ts";
import type { Rule } from "./rules.ts";

/** More at once is not for a person to look through. */
export const MAX_IMPORTED_RULES = 1_000;

const HEADER = '# Rules of Atoll\'s policy. "atoll policy import FILE" says what they would change, and takes them.\n';

/** @param action only the rules that name it; null: all */
export function exportedRules(rules: readonly Rule[], action: PolicyAction | null): string {
  const chosen = rules.filter((rule) => action === null || rule.action === action);
  if (chosen.length === 0) return `${HEADER}rules: []\n`;
  const lines = chosen.flatMap((rule) => linesOfRule(fieldsOf(rule)).map((line) => `  ${line}\n`));
  return `${HEADER}rules:\n${lines.join("")}`;
}

/** @param file its name, for what is said of it. @throws AppError policy.bad-import */
export function rulesToImport(text: string, file: string): readonly Rule[] {
  const read = readPolicy(text, file);
  if (!read.ok) throw new AppError("policy.bad-import", `${problemWords(read.problem)}.`, { ...read.problem });
  const { rules } = read.value;
  if (rules.length === 0)
    throw new AppError("policy.bad-import", `${file} has no rules: they stand in a list, "rules:".`, { file });
  if (rules.length > MAX_IMPORTED_RULES)
    throw new AppError(
      "policy.bad-import",
      `${file} has ${rules.length} rules; ${MAX_IMPORTED_RULES} at most are taken at once.`,
      { file },
    );
  return rules;
}

export interface ImportPlan {
  /** Rules that policy.yaml does not have yet, in their order. */
  readonly added: readonly Rule[];
  /** policy.yaml with them. */
  readonly text: string;
}

/**
 * They come right after the last rule that denies something: what a person has denied stays denied, and they decide only what no
 * rule was written for (what the deny of everything at the end would refuse).
 *
 * @param text of policy.yaml, whose rules are `rules`
 */
export function planImport(text: string, rules: readonly Rule[], wanted: readonly Rule[]): ImportPlan {
  const there = new Set(rules.map((rule) => rule.text));
  const added = wanted.filter((rule, at) => {
    const isTwice = wanted.findIndex((other) => other.text === rule.text) < at;
    return !there.has(rule.text) && !isTwice;
  });
  if (added.length === 0) return { added, text };
  const place = rules.slice(0, tailOf(rules)).findLastIndex(isStrict) + 1;
  const before = place < rules.length ? place : null;
  return { added, text: withRules(text, added.map(fieldsOf), before, "# Imported.") };
}

/** Where the denies of everything begin that end the list. */
function tailOf(rules: readonly Rule[]): number {
  return rules.findLastIndex((rule) => !deniesAll(rule)) + 1;
}

function deniesAll({ action, from, to, type, decision }: Rule): boolean {
  return action === null && decision === "deny" && from.kind === "any" && to.kind === "any" && type === null;
}

/** It denies something, or has the person asked each time. */
function isStrict({ decision, maxBytes, scan, offersAlways }: Rule): boolean {
  return decision === "deny" || maxBytes !== null || scan || (decision === "ask" && !offersAlways);
}

function fieldsOf({
  words,
  type,
  maxBytes,
  until,
  offersAlways,
  notify,
  scan,
  oneScannerSuffices,
  asksUnscanned,
  decision,
}: Rule): RuleFields {
  return {
    ...words,
    ...(type === null ? {} : { type }),
    ...(maxBytes === null ? {} : { maxBytes }),
    ...(until === null ? {} : { until: new Date(until).toISOString() }),
    ...(offersAlways ? {} : { always: false }),
    ...(notify ? { notify } : {}),
    ...(scan ? { scan } : {}),
    ...(oneScannerSuffices ? { scanners: "one" } : {}),
    ...(asksUnscanned ? { unscanned: "ask" } : {}),
    decision,
  };
}
