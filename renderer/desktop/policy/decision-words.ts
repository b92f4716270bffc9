/** Decisions by sign, word and colour (its name in policy.css). */
import { Ban, Check, type LucideIcon, MessageCircleQuestionMark } from "lucide-react";
import type { PolicyDecision } from "#shared/model/policy.ts";

export const DECISIONS: Readonly<
  Record<PolicyDecision, { word: string; title: string; does: string; Icon: LucideIcon; key: string }>
> = {
  allow: { word: "allow", title: "Allow", does: "allows", Icon: Check, key: "a" },
  ask: { word: "ask", title: "Ask", does: "asks", Icon: MessageCircleQuestionMark, key: "k" },
  deny: { word: "deny", title: "Deny", does: "denies", Icon: Ban, key: "d" },
};

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** `until 10:07`: @param until ISO 8601 */
export function untilWords(until: string): string {
  return `until ${TIME.format(new Date(until))}`;
}
