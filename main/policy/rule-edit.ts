/**
 * Changes of the text of policy.yaml and open.yaml: a rule is put in, changed or taken away, and everything else stays as the person has written it,
 * comments and spacing too. Pure.
 */
import { isMap, isNode, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import type { PolicyDecision } from "#shared/model/policy.ts";

/** Its fields, in the order in which they are written. */
export type RuleFields = Readonly<Record<string, string | number | boolean>>;

/** A rule of policy.yaml. */
export type NewRule = {
  action: string;
  from: string;
  to: string;
  type?: string;
  maxBytes?: number;
  until?: string;
  scan?: true;
  scanners?: "one";
  unscanned?: "ask";
  notify?: true;
  decision: PolicyDecision;
};

/** What stands above a rule that an answer to a prompt has written; it goes with its rule. */
const MARK = "# Answered at a prompt, ";

/** Lines of the file, each with its line feed. */
interface Lines {
  readonly all: string[];
  /** Index of the first line of each rule, and of the one after its last. */
  readonly rules: readonly { first: number; end: number }[];
}

/**
 * @param before the rule, counted from 0, that it shall come before; null: after all others
 * @param answeredOn the day on which a person answered a prompt with it; null: it was not a prompt
 */
export function withRule(text: string, rule: RuleFields, before: number | null, answeredOn: string | null): string {
  return withRules(text, [rule], before, answeredOn === null ? null : `${MARK}${answeredOn}.`);
}

/** The same for several rules in their order, with one comment above them. */
export function withRules(
  text: string,
  added: readonly RuleFields[],
  before: number | null,
  comment: string | null,
): string {
  const lines = linesOf(text);
  const near = before === null ? lines?.rules.at(-1) : lines?.rules[before];
  if (lines === null || near === undefined) return withRulesInDocument(text, added, before);
  const indent = /^ */.exec(lines.all[near.first] ?? "")?.[0] ?? "";
  const place = before === null ? near.end : beforeComments(lines.all, near.first);
  const mark = comment === null ? [] : [`${indent}${comment}\n`];
  const written = [...mark, ...added.flatMap((rule) => linesOfRule(rule).map((line) => `${indent}${line}\n`))];
  const above = lines.all.slice(0, place).map((line) => (line.endsWith("\n") ? line : `${line}\n`));
  return [...above, ...written, ...lines.all.slice(place)].join("");
}

/** A rule as an item of a list, each field on a line. */
export function linesOfRule(rule: RuleFields): string[] {
  return Object.entries(rule).map(
    ([name, value], at) => `${at === 0 ? "- " : "  "}${name}: ${stringify(value).trim()}`,
  );
}

/** @param gone rules, counted from 0 */
export function withoutRules(text: string, gone: readonly number[]): string {
  const lines = linesOf(text);
  if (lines === null) return withoutRulesInDocument(text, gone);
  const goneLines = new Set<number>();
  for (const [index, { first, end }] of lines.rules.entries()) {
    if (!gone.includes(index)) continue;
    for (let at = first; at < end; at += 1) goneLines.add(at);
    if (lines.all[first - 1]?.trim().startsWith(MARK) === true) goneLines.add(first - 1);
  }
  return lines.all.filter((_, at) => !goneLines.has(at)).join("");
}

/** The rule at `index` is another one. */
export function withRuleReplaced(text: string, index: number, rule: RuleFields, answeredOn: string | null): string {
  return withoutRules(withRule(text, rule, index, answeredOn), [index + 1]);
}

/** null: the rules are not each on lines of their own. */
function linesOf(text: string): Lines | null {
  const counter = new LineCounter();
  const rules = parseDocument(text, { lineCounter: counter }).get("rules");
  if (!isSeq(rules) || rules.flow === true || rules.items.length === 0) return null;
  const all = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const places = rules.items.map((item) => {
    const [start, end] = rangeOf(item);
    // A block map ends where its last line does, which is the beginning of the next line.
    return { first: counter.linePos(start).line - 1, end: counter.linePos(Math.max(start, end - 1)).line };
  });
  const isOnOwnLines = places.every(({ first }) => /^ *- /.test(all[first] ?? "")) && rules.items.every(isMap);
  return isOnOwnLines ? { all, rules: places } : null;
}

function rangeOf(item: unknown): [number, number] {
  const range = isNode(item) ? item.range : null;
  return range === null || range === undefined ? [0, 0] : [range[0], range[1]];
}

/** Comments right above a rule are about it, and stay there. */
function beforeComments(all: readonly string[], first: number): number {
  let at = first;
  while (at > 0 && /^\s+#/.test(all[at - 1] ?? "")) at -= 1;
  return at;
}

/** Rules that a person has written as `[{...}]`, or none at all: their spacing is made anew, comments are kept. */
function withRulesInDocument(text: string, added: readonly RuleFields[], before: number | null): string {
  const document = parseDocument(text);
  const rules = document.get("rules");
  const nodes = added.map((rule) => document.createNode(rule));
  if (isSeq(rules)) rules.items.splice(before ?? rules.items.length, 0, ...nodes);
  else document.set("rules", nodes);
  return document.toString({ lineWidth: 0 });
}

function withoutRulesInDocument(text: string, gone: readonly number[]): string {
  const document = parseDocument(text);
  const rules = document.get("rules");
  if (!isSeq(rules)) return text;
  rules.items = rules.items.filter((_, at) => !gone.includes(at));
  return document.toString({ lineWidth: 0 });
}
