/** What may cross between VMs: the words of the policy, as plain data. */

/** What crosses, or is asked for. */
export const POLICY_ACTIONS = [
  "clipboard.paste",
  "file.send",
  "file.open",
  "url.open",
  "net.connect",
  "service.use",
  "exec",
] as const;
export type PolicyAction = (typeof POLICY_ACTIONS)[number];

export const POLICY_DECISIONS = ["allow", "ask", "deny"] as const;
export type PolicyDecision = (typeof POLICY_DECISIONS)[number];

/** A rule as `atoll policy list --json` shows it. `from` and `to` as they are written. */
export interface PolicyRuleView {
  /** Of policy.yaml, from 1. */
  line: number;
  action: string;
  from: string;
  to: string;
  type: string | null;
  decision: PolicyDecision;
  /** ISO 8601; null: it has no end. */
  until: string | null;
}

/** What the policy says of one crossing. */
export interface PolicyAnswer {
  decision: PolicyDecision;
  /** null: no rule decided, so it is denied. `text`: the rule on one line. */
  rule: { line: number; text: string } | null;
  /** For people: why. */
  explanation: string;
}

/** One of the file's `tests:`. */
export interface PolicyTestResult {
  name: string;
  expected: PolicyDecision;
  /** null: it names a VM that is not there, so it cannot be tried. */
  actual: PolicyDecision | null;
  ok: boolean;
}
