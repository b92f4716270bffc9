/** What is asked of the policy, for the page and the `atoll` command alike. */
import type { policyContract } from "#shared/ipc/policy.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Policy } from "./policy.ts";

export function policyHandlers({ policy }: { policy: Policy }): Handlers<typeof policyContract> {
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
    "policy.state": () => ({ state: "in-force", problem: null, hasLastGood: false, unbound: [] }),
    "policy.matrix": () => ({ rows: [], columns: [], cells: [] }),
    "policy.tryCell": notYet,
    "policy.setCell": notYet,
    "policy.takeBack": notYet,
    "policy.undo": notYet,
    "policy.takeOver": notYet,
    "policy.deleteRules": notYet,
    "policy.restore": notYet,
  };
}

function notYet(): never {
  throw new AppError("internal", "The policy cannot be changed here yet.");
}
