/** What is asked of the policy, for the page and the `atoll` command alike. */
import type { policyContract } from "#shared/ipc/policy.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import { partyName } from "#shared/model/crossing.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { AppError } from "#shared/model/app-error.ts";
import { problemWords } from "#shared/model/yaml-file.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { readEntries } from "../audit/audit-reader.ts";
import { readable } from "../audit/requests.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { matrixOf } from "./matrix.ts";
import type { Policy } from "./policy.ts";
import { type CellChange, newRuleOf, type PolicyChanges } from "./policy-changes.ts";
import { exportedRules, planImport, rulesToImport } from "./rule-import.ts";
import type { Rule } from "./rules.ts";
import { exampleOf } from "./simulate.ts";

const WEEK_S = 7 * 86_400;

interface Parts {
  policy: Policy;
  policyChanges: PolicyChanges;
  audit: AuditLog;
}

export function policyHandlers({ policy, policyChanges, audit }: Parts): Handlers<typeof policyContract> {
  /** Crossings of the last week between the pair that were decided otherwise than they would be now. */
  const flips = async ({ action, from, to, decision }: CellChange): Promise<number> => {
    const filter = { sinceS: WEEK_S, action, from, to, decision: null, by: null, text: null };
    const options = { before: null, limit: 10_000, now: Date.now() };
    const { entries } = await readable(audit, readEntries(audit.parts, filter, options));
    return entries.filter(
      (entry) => partyName(entry.from) === from && partyName(entry.to) === to && isFlip(entry, decision),
    ).length;
  };

  return {
    "policy.check": ({ action, from, to, type }) => policy.check(action, from, to, type),
    "policy.list": () => ({
      rules: policy.rules,
      problems: [...(policy.problem === null ? [] : [policy.problem]), ...policy.warnings],
    }),
    "policy.test": () => policy.test(),
    "policy.read": async () => ({ file: policy.file, text: await policy.text() }),
    "policy.write": async ({ before, text }) => {
      await policy.replace(before, text);
      return null;
    },
    "policy.export": async ({ action }) => {
      let text = "";
      await policy.tryChange((before, rules) => {
        text = exportedRules(rules, action);
        return before;
      });
      return { text };
    },
    "policy.tryImport": ({ name, text }) => previewOf(policy, rulesToImport(text, name)),
    "policy.import": ({ name, text }) => policyChanges.import(rulesToImport(text, name)),
    "policy.state": async () => ({
      state: policy.state,
      problem: policy.problem,
      hasLastGood: (await policy.lastGood()) !== null,
      unbound: policy.unbound,
    }),
    "policy.matrix": ({ action }) => matrixOf(policy, action),
    "policy.tryCell": async (cell) => {
      const { before, after } = await policy.tryChange(policyChanges.cellEdit(cell));
      const { problem, tests } = policy.tryText(after);
      if (problem !== null) throw new AppError("policy.broken", `${problemWords(problem)}.`, { ...problem });
      const rule = newRuleOf({ before, after }, policy.file);
      return { rule, tests: tests.map(({ name, ok }) => ({ name, ok })), flips: await flips(cell) };
    },
    "policy.setCell": (cell) => policyChanges.setCell(cell),
    "policy.takeBack": (rule) => policyChanges.takeBack(rule),
    "policy.undo": async ({ change }) => {
      await policyChanges.undo(change);
      return null;
    },
    "policy.takeOver": ({ name }) => {
      policy.takeOver(name);
      return null;
    },
    "policy.deleteRules": ({ name }) => policyChanges.deleteRules(name),
    "policy.restore": () => policyChanges.restore(),
  };
}

/** What taking in these rules would change. @throws AppError policy.broken */
async function previewOf(policy: Policy, wanted: readonly Rule[]) {
  let added: readonly Rule[] = [];
  const { before, after } = await policy.tryChange((text, rules) => {
    const plan = planImport(text, rules, wanted);
    added = plan.added;
    return plan.text;
  });
  const { problem, tests } = policy.tryText(after);
  if (problem !== null) throw new AppError("policy.broken", `${problemWords(problem)}.`, { ...problem });
  const [decidedBefore, decidedAfter] = [policy.decisionsOf(before), policy.decisionsOf(after)];
  return {
    added: added.map((rule) => {
      const example = exampleOf(rule, policy.vms);
      const { text, decision } = rule;
      return {
        text,
        decision,
        before: example === null ? null : decidedBefore(example),
        after: example === null ? null : decidedAfter(example),
      };
    }),
    known: wanted.length - added.length,
    tests: tests.map(({ name, ok }) => ({ name, ok })),
  };
}

/** Whether what a rule has let through or denied would be decided otherwise. A person's own answers stay theirs. */
function isFlip({ by, decision }: AuditEntry, now: PolicyDecision): boolean {
  return by === "rule" ? decision !== now : now !== "ask" && decision !== now;
}
