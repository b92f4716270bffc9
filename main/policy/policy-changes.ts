/** Changes of policy.yaml that are made in the desktop, and taken back there: cells of the matrix, answers to prompts. */
import { isDeepStrictEqual } from "node:util";
import { AppError } from "#shared/model/app-error.ts";
import { ANSWER_MINUTES } from "#shared/model/crossing.ts";
import type { PolicyAction, PolicyDecision } from "#shared/model/policy.ts";
import type { PolicyChange } from "#shared/ipc/policy.ts";
import { Emitter } from "../base/emitter.ts";
import type { Crossing } from "./crossing.ts";
import { isOwnRule } from "./matrix.ts";
import { partyWord } from "./party-view.ts";
import type { Policy, PolicyEdit } from "./policy.ts";
import { readPolicy } from "./policy-file.ts";
import { type NewRule, withoutRules, withRule, withRuleReplaced } from "./rule-edit.ts";
import { planImport } from "./rule-import.ts";
import { type Rule, vmNameIn } from "./rules.ts";

/** Older changes cannot be undone. */
const MAX_CHANGES = 50;

export interface CellChange {
  action: PolicyAction;
  from: string;
  to: string;
  /** What the rule is made for, where `to` is a group of such: it comes before the rule that decides about this. */
  about?: string;
  decision: PolicyDecision;
  minutes: number | null;
}

interface Done {
  before: string;
  after: string;
}

export class PolicyChanges extends Emitter<{ answered: [PolicyChange] }> {
  readonly #policy: Policy;
  readonly #now: () => number;
  readonly #done = new Map<number, Done>();
  #lastId = 0;

  constructor(policy: Policy, { now = Date.now }: { now?: () => number } = {}) {
    super();
    this.#policy = policy;
    this.#now = now;
  }

  /**
   * A person has allowed at a prompt what `asked` asks about, for some minutes or always: the pair gets a rule before that one,
   * with its limits. Two prompts about the same pair can be answered before the first rule is written: there is one rule then,
   * which ends as late as the later of the answers.
   * @returns null where the pair has such a rule already
   * @throws AppError policy.broken, policy.changed
   */
  async answer(crossing: Crossing, asked: Rule, answer: "minutes" | "always"): Promise<PolicyChange | null> {
    const { type, maxBytes, scan, oneScannerSuffices, asksUnscanned, notify } = asked;
    const until = answer === "always" ? null : this.#now() + ANSWER_MINUTES * 60_000;
    const rule: NewRule = {
      action: crossing.action,
      from: partyWord(crossing.from),
      to: partyWord(crossing.to),
      ...(type === null ? {} : { type }),
      ...(maxBytes === null ? {} : { maxBytes }),
      ...(until === null ? {} : { until: timeWords(until) }),
      ...(scan ? { scan } : {}),
      ...(oneScannerSuffices ? { scanners: "one" } : {}),
      ...(asksUnscanned ? { unscanned: "ask" } : {}),
      ...(notify ? { notify } : {}),
      decision: "allow",
    };
    const done = await this.#policy.change((text, rules) => {
      const decides = this.#policy.decide(crossing).rule;
      const own = rules.findIndex(({ line, text: words }) => line === decides?.line && words === decides.text);
      const answered = rules[own];
      if (answered !== undefined && allowsTheSame(answered, rule, asked)) {
        if (endOf(answered.until) >= endOf(until)) return text;
        return withRuleReplaced(text, own, rule, this.#day());
      }
      const at = rules.findIndex(({ line, text: words }) => line === asked.line && words === asked.text);
      if (at === -1) throw changedMeanwhile();
      // An earlier answer for some minutes, which is over, is of no use any more.
      const over = rules.flatMap((one, index) => (this.#isOver(one, rule) ? [index] : []));
      const place = at - over.filter((index) => index < at).length;
      return withRule(withoutRules(text, over), rule, place, this.#day());
    });
    if (done.after === done.before) return null;
    const change = this.#keep(done, newRuleOf(done, this.#policy.file));
    this.emit("answered", change);
    return change;
  }

  /** The text with the pair's rule, by the policy as it is when it is edited. */
  cellEdit({ action, from, to, about = to, decision, minutes }: CellChange): PolicyEdit {
    const rule: NewRule = {
      action,
      from,
      to,
      ...(minutes === null ? {} : { until: this.#inMinutes(minutes) }),
      decision,
    };
    return (text, rules) => {
      const decides = this.#policy.check(action, from, about, null).rule;
      const at = rules.findIndex(({ line }) => line === decides?.line);
      const deciding = rules[at];
      if (decides !== null && deciding?.text !== decides.text) throw changedMeanwhile();
      if (deciding === undefined) return withRule(text, rule, rules.length === 0 ? null : 0, null);
      const isOwn = isOwnRule(deciding, from, to) && deciding.action === action;
      return isOwn ? withRuleReplaced(text, at, rule, null) : withRule(text, rule, at, null);
    };
  }

  /** @throws AppError policy.broken, policy.changed, vm.not-found */
  setCell(cell: CellChange): Promise<PolicyChange> {
    return this.#change(this.cellEdit(cell));
  }

  /** @throws AppError policy.changed, policy.broken */
  takeBack({ line, text: words }: { line: number; text: string }): Promise<PolicyChange> {
    return this.#change((text, rules) => {
      const at = rules.findIndex((rule) => rule.line === line && rule.text === words);
      if (at === -1) throw changedMeanwhile();
      return withoutRules(text, [at]);
    });
  }

  /** @throws AppError policy.changed, policy.broken */
  deleteRules(name: string): Promise<PolicyChange> {
    const names = ({ from, to }: Rule): boolean => [from, to].some((one) => vmNameIn(one) === name);
    return this.#change((text, rules) =>
      withoutRules(
        text,
        rules.flatMap((rule, at) => (names(rule) ? [at] : [])),
      ),
    );
  }

  /** The rules that were last in force are the file again. @throws AppError policy.broken */
  async restore(): Promise<PolicyChange> {
    const [before, after] = await Promise.all([this.#policy.textOrNone(), this.#policy.lastGood()]);
    if (after === null)
      throw new AppError("policy.broken", "No rules have been in force yet, so there are none to go back to.");
    await this.#policy.replace(before, after);
    return this.#keep({ before, after }, null);
  }

  /** Takes these rules in: see planImport. @throws AppError policy.broken, policy.changed */
  import(wanted: readonly Rule[]): Promise<PolicyChange> {
    return this.#change((text, rules) => planImport(text, rules, wanted).text);
  }

  /** @throws AppError policy.changed */
  async undo(id: number): Promise<void> {
    const done = this.#done.get(id);
    if (done === undefined) throw changedMeanwhile();
    await this.#policy.replace(done.after, done.before);
    this.#done.delete(id);
  }

  async #change(edit: PolicyEdit): Promise<PolicyChange> {
    const done = await this.#policy.change(edit);
    return this.#keep(done, newRuleOf(done, this.#policy.file));
  }

  #keep(done: Done, rule: PolicyChange["rule"]): PolicyChange {
    this.#lastId += 1;
    this.#done.set(this.#lastId, done);
    for (const id of this.#done.keys()) if (this.#done.size > MAX_CHANGES) this.#done.delete(id);
    return { change: this.#lastId, rule };
  }

  #isOver(one: Rule, { action, from, to }: NewRule): boolean {
    const isSamePair = one.words.action === action && one.words.from === from && one.words.to === to;
    return isSamePair && one.until !== null && one.until <= this.#now();
  }

  #inMinutes(minutes: number): string {
    return timeWords(this.#now() + minutes * 60_000);
  }

  #day(): string {
    return new Date(this.#now()).toISOString().slice(0, 10);
  }
}

/** As policy.yaml has them, in whole seconds. */
function timeWords(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Of a rule's `until`, in the whole seconds of the file. */
function endOf(until: number | null): number {
  return until === null ? Infinity : Math.floor(until / 1000);
}

/** Whether `one` allows the pair of `rule` what an answer to `asked` allows it, apart from its end. */
function allowsTheSame(one: Rule, { action, from, to }: NewRule, asked: Rule): boolean {
  const isSamePair = one.words.action === action && one.words.from === from && one.words.to === to;
  const limits = ({ type, maxBytes, scan, oneScannerSuffices, asksUnscanned, notify }: Rule): unknown[] => [
    type,
    maxBytes,
    scan,
    oneScannerSuffices,
    asksUnscanned,
    notify,
  ];
  return isSamePair && one.decision === "allow" && isDeepStrictEqual(limits(one), limits(asked));
}

/** The rule that is in the text after a change and was not before, as often; null: none. */
export function newRuleOf({ before, after }: Done, file: string): PolicyChange["rule"] {
  const [old, now] = [readPolicy(before, file), readPolicy(after, file)];
  if (!now.ok) return null;
  const left = old.ok ? old.value.rules.map(({ text }) => text) : [];
  for (const { line, text } of now.value.rules) {
    const at = left.indexOf(text);
    if (at === -1) return { line, text };
    left.splice(at, 1);
  }
  return null;
}

function changedMeanwhile(): AppError {
  return new AppError("policy.changed", "policy.yaml was changed meanwhile, and is left as it is: look at it again.");
}
