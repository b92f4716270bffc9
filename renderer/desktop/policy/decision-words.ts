/** Decisions by sign, word and colour (its name in policy.css). */
import { Ban, Check, type LucideIcon, MessageCircleQuestionMark } from "lucide-react";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { countOf } from "../../ui/format.ts";

export const DECISIONS: Readonly<
  Record<PolicyDecision, { word: string; title: string; does: string; Icon: LucideIcon; key: string }>
> = {
  allow: { word: "allow", title: "Allow", does: "allows", Icon: Check, key: "a" },
  ask: { word: "ask", title: "Ask", does: "asks", Icon: MessageCircleQuestionMark, key: "k" },
  deny: { word: "deny", title: "Deny", does: "denies", Icon: Ban, key: "d" },
};

/** Of the tests in policy.yaml: `the test holds`, `all 14 tests hold`, `2 tests fail`; "" = there is none. */
export function testsWords(tests: readonly { ok: boolean }[]): string {
  const failing = tests.filter(({ ok }) => !ok).length;
  if (failing > 0) return `${countOf(failing, "test")} ${failing === 1 ? "fails" : "fail"}`;
  if (tests.length < 2) return tests.length === 0 ? "" : "the test holds";
  return `all ${tests.length} tests hold`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** `until 10:07`: @param until ISO 8601 */
export function untilWords(until: string): string {
  return `until ${TIME.format(new Date(until))}`;
}
