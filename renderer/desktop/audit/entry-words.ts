/** Entries of the timeline in words. Pure. */
import { type LucideIcon, ScanSearch } from "lucide-react";
import type { AuditAction, AuditEntry } from "#shared/model/crossing.ts";
import { ACTION_WORDS } from "../crossings/action-words.ts";

export const ENTRY_WORDS: Readonly<Record<AuditAction, { title: string; Icon: LucideIcon }>> = {
  ...ACTION_WORDS,
  "file.scan": { title: "Scan", Icon: ScanSearch },
};

interface Outcome {
  /** Whose colour it has. */
  decision: "allowed" | "denied" | "lapsed";
  word: string;
  /** Whose word it is. */
  by: string;
}

export function outcomeOf({ by, decision, rule }: Pick<AuditEntry, "by" | "decision" | "rule">): Outcome {
  const allowed = decision === "allow" ? "allowed" : "denied";
  switch (by) {
    case "scanner":
      return { decision: allowed, word: decision === "allow" ? "clean" : "found", by: "scanner" };
    case "lapsed":
      return { decision: "lapsed", word: "lapsed", by: "nobody" };
    case "person":
      return { decision: allowed, word: allowed, by: "you" };
    case "rule":
      return { decision: allowed, word: allowed, by: rule === null ? "no rule" : `line ${rule.line}` };
  }
}
