/** What may cross between VMs: asking the policy, and changing its file. */
import { z } from "zod";
import { POLICY_ACTIONS, POLICY_DECISIONS } from "../model/policy.ts";
import { domain, request } from "./declare.ts";
import { nothing } from "./fields.ts";
import { problems } from "./problem.ts";

const decision = z.enum(POLICY_DECISIONS);
const ruleAtLine = z.strictObject({ line: z.int().min(1), text: z.string() });
/** A VM's name, or a group as in a rule. It is looked up: what is no VM is "not found". */
const party = z.string().max(10_000);
/** Larger than any file that is taken. */
const policyText = z.string().max(16 * 1024 * 1024);

export const policyContract = domain({
  requests: {
    "policy.check": request({
      from: ["page", "cli"],
      input: z.strictObject({
        action: z.enum(POLICY_ACTIONS),
        from: party,
        to: party,
        type: z.string().max(1000).nullable().default(null),
      }),
      output: z.strictObject({ decision, rule: ruleAtLine.nullable(), explanation: z.string() }),
    }),
    /** The rules in force, in their order; `problems`: why the file is not in force, or what in it matches nothing. */
    "policy.list": request({
      from: ["page", "cli"],
      input: nothing,
      output: z.strictObject({
        rules: z.array(
          z.strictObject({
            line: z.int().min(1),
            action: z.string(),
            from: z.string(),
            to: z.string(),
            type: z.string().nullable(),
            decision,
            until: z.string().nullable(),
          }),
        ),
        problems,
      }),
    }),
    "policy.test": request({
      from: ["page", "cli"],
      input: nothing,
      output: z.array(
        z.strictObject({ name: z.string(), expected: decision, actual: decision.nullable(), ok: z.boolean() }),
      ),
    }),
    /** The file as it is, for an editor. */
    "policy.read": request({
      from: ["cli"],
      input: nothing,
      output: z.strictObject({ file: z.string(), text: policyText }),
    }),
    /** Takes `text` as the file, if it holds and if the file still says `before`. */
    "policy.write": request({
      from: ["cli"],
      input: z.strictObject({ before: policyText, text: policyText }),
      output: z.null(),
    }),
  },
});
