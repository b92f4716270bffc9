/** What may cross between VMs: asking the policy, and changing its file. */
import { z } from "zod";
import { POLICY_ACTIONS, POLICY_DECISIONS } from "../model/policy.ts";
import { crossingParty, ruleAtLine } from "./crossing.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";
import { problem, problems } from "./problem.ts";

const decision = z.enum(POLICY_DECISIONS);
/** A VM's name, or a group as in a rule. It is looked up: what is no VM is "not found". */
const party = z.string().max(10_000);
/** Larger than any file that is taken. */
const policyText = z.string().max(16 * 1024 * 1024);

const answer = z.strictObject({ decision, rule: ruleAtLine.nullable(), explanation: z.string() });

/** A pair of the matrix: from whom to whom. */
const pair = z.strictObject({
  action: z.enum(POLICY_ACTIONS),
  /** As a rule has them: `word` of a party of the matrix. */
  from: party,
  to: party,
});

/** A row or column of the matrix. */
const matrixParty = z.strictObject({
  /** As a rule has it: a VM's name, "@host", "@disposable", a destination, "@internet", a service. */
  word: z.string(),
  party: crossingParty,
  /** Why no rule can be made for it here; null: one can. */
  fixed: z.string().nullable(),
});

const matrixCell = z.strictObject({
  ...answer.shape,
  /** Its rule is for this pair alone, so that it is changed in its place and can be taken back. */
  isOwn: z.boolean(),
  /** It is asked about each time: its prompts have no "always". */
  asksEachTime: z.boolean(),
  /** ISO 8601, when its rule ends; null: it has no end. */
  until: z.string().nullable(),
});

/** A change of the file that can be undone. */
export const policyChange = z.strictObject({
  /** For `policy.undo`. */
  change: z.int().min(1),
  /** The rule that was written; null: one was taken away. */
  rule: ruleAtLine.nullable(),
});
export type PolicyChange = z.infer<typeof policyChange>;

const cellChange = z.strictObject({
  ...pair.shape,
  decision,
  /** The rule ends after so many minutes; null: it has no end. */
  minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 7)
    .nullable()
    .default(null),
});

/** A file with rules, as `policy.export` makes it. `name`: what it is called where something is wrong with it. */
const importedRules = z.strictObject({ name: z.string().max(1000), text: z.string().max(1024 * 1024) });

const importPreview = z.strictObject({
  /** Those that would be written, in their order. */
  added: z.array(
    z.strictObject({
      text: z.string(),
      decision,
      /** What is decided now about an example of what it is about; null: its VM is not there. */
      before: decision.nullable(),
      /** The same afterwards. Another one than its own decision: an earlier rule decides. */
      after: decision.nullable(),
    }),
  ),
  /** How many the file has already. */
  known: z.int().min(0),
  tests: z.array(z.strictObject({ name: z.string(), ok: z.boolean() })),
});

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
      output: answer,
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
    /** The file as it is. */
    "policy.read": request({
      from: ["page", "cli"],
      input: nothing,
      output: z.strictObject({ file: z.string(), text: policyText }),
    }),
    /** Takes `text` as the file, if it holds and if the file still says `before`. */
    "policy.write": request({
      from: ["cli"],
      input: z.strictObject({ before: policyText, text: policyText }),
      output: z.null(),
    }),

    /** The rules as a file of their own, for `policy.import`. `action`: only those that name it. */
    "policy.export": request({
      from: ["page", "cli"],
      input: z.strictObject({ action: z.enum(POLICY_ACTIONS).nullable() }),
      output: z.strictObject({ text: policyText }),
    }),
    /** What `policy.import` would do, without doing it. @throws AppError policy.bad-import, policy.broken */
    "policy.tryImport": request({ from: ["page", "cli"], input: importedRules, output: importPreview }),
    /**
     * Takes the rules of `text` that the file does not have yet, after all rules of it that deny something.
     * @throws AppError policy.bad-import; policy.broken, where a test fails or the file is broken; policy.changed
     */
    "policy.import": request({ from: ["page", "cli"], input: importedRules, output: policyChange }),

    /** Whether the file is in force, and what in it needs a person. */
    "policy.state": request({
      from: ["page"],
      input: nothing,
      output: z.strictObject({
        /** `broken`: nothing may cross; `not-taken`: a test of the file fails, and the rules before it stay in force. */
        state: z.enum(["in-force", "broken", "not-taken"]),
        /** Why it is not in force. */
        problem: problem.nullable(),
        /** Whether `policy.restore` has something to restore. */
        hasLastGood: z.boolean(),
        /** Names in rules that mean no VM: their rules match nothing. */
        unbound: z.array(
          z.strictObject({
            name: z.string(),
            lines: z.array(z.int().min(1)),
            /** `not-yet`: no VM has had that name; `removed`: the VM that had it was removed. */
            fate: z.enum(["not-yet", "removed"]),
            /** A VM that has the name now, which `policy.takeOver` would give the rules to. */
            hasHeir: z.boolean(),
          }),
        ),
      }),
    }),
    /** Who may what to whom: `cells[row][column]`, by the function that enforces it. null: from a VM to itself. */
    "policy.matrix": request({
      from: ["page"],
      input: z.strictObject({ action: z.enum(POLICY_ACTIONS) }),
      output: z.strictObject({
        rows: z.array(matrixParty),
        columns: z.array(matrixParty),
        cells: z.array(z.array(matrixCell.nullable())),
      }),
    }),
    /** What `policy.setCell` would do, without doing it. */
    "policy.tryCell": request({
      from: ["page"],
      input: cellChange,
      output: z.strictObject({
        /** Where it would stand, and what; null: it says so already. */
        rule: ruleAtLine.nullable(),
        tests: z.array(z.strictObject({ name: z.string(), ok: z.boolean() })),
        /** Crossings of the last 7 days that would have been decided otherwise. */
        flips: z.int().min(0),
      }),
    }),
    /**
     * Writes the rule for this pair before the one that decides now, or changes the pair's own.
     * @throws AppError policy.broken, where a test fails or the file is broken; policy.changed
     */
    "policy.setCell": request({ from: ["page"], input: cellChange, output: policyChange }),
    /** Takes the rule at `line` away, if it still says `text`. @throws AppError policy.changed, policy.broken */
    "policy.takeBack": request({ from: ["page"], input: ruleAtLine, output: policyChange }),
    /** The file is as it was before that change. @throws AppError policy.changed, where it was edited since */
    "policy.undo": request({
      from: ["page", "cli"],
      input: z.strictObject({ change: z.int().min(1) }),
      output: z.null(),
    }),
    /** Rules that name a VM which was removed are for the one that has its name now. @throws AppError vm.not-found */
    "policy.takeOver": request({ from: ["page"], input: z.strictObject({ name: party }), output: z.null() }),
    /** Takes all rules away that name this VM. @throws AppError policy.changed, policy.broken */
    "policy.deleteRules": request({ from: ["page"], input: z.strictObject({ name: party }), output: policyChange }),
    /** The rules that were last in force are the file again. @throws AppError policy.broken, where there are none */
    "policy.restore": request({ from: ["page"], input: nothing, output: policyChange }),
  },
  events: {
    /** Rules, or what their names mean, are not what they were: ask again what is shown. It says nothing of VMs. */
    "policy.changed": event({
      to: ["page"],
      payload: z.strictObject({
        /** What an answer to a prompt has just written: to be told, with "Undo". */
        written: policyChange.nullable(),
      }),
    }),
  },
});
