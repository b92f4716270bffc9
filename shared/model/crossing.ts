/** What crosses between VMs, as people are asked about it and told of it: plain data. */
import type { LabelName } from "./label.ts";
import type { ShownPicture } from "./picture.ts";
import { POLICY_ACTIONS, type PolicyAction } from "./policy.ts";
import type { VmId, VmRole } from "./vm.ts";

/** Who gives or gets something, as it was then: a VM may have been removed or renamed since. */
export type CrossingParty =
  | { kind: "vm"; id: VmId; name: string; label: LabelName | null; role: VmRole }
  | { kind: "host" }
  /** A disposable VM that is made for it. */
  | { kind: "new-disposable" }
  /** `name`: NAME, or ADDRESS, with ":PORT" where one is known. */
  | { kind: "destination"; name: string }
  | { kind: "service"; name: string };

/** Answers of the person to a prompt. `minutes`: for 10 minutes; `safe`: not this, but a safe copy of it. */
export const CROSSING_ANSWERS = ["safe", "once", "minutes", "always", "deny"] as const;
export type CrossingAnswer = (typeof CROSSING_ANSWERS)[number];
/** For how long the answer `minutes` holds. */
export const ANSWER_MINUTES = 10;

/** Who decided. `lapsed`: the person did not answer in time, or whoever asked has gone, so it was denied. */
export const DECIDED_BY = ["rule", "person", "lapsed"] as const;
export type DecidedBy = (typeof DECIDED_BY)[number];

/**
 * What the audit log has entries of: what may cross, and what scanners say of a file (`file.scan`), which goes nowhere: found where
 * nobody had asked, or something else than before. Of it `to` is the service that watches or keeps the file.
 */
export const AUDIT_ACTIONS = [...POLICY_ACTIONS, "file.scan"] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
export const AUDITED_BY = [...DECIDED_BY, "scanner"] as const;

/** What a person sees of the content before it crosses. */
export type CrossingPreview =
  /** Foreign text, sanitised and cut; bidi controls are in it. `bytes`: of the whole content, that have come so far. */
  | { kind: "text"; text: string; bytes: number; isComplete: boolean }
  /** A picture, whole. */
  | { kind: "picture"; bytes: number; isComplete: boolean; picture: ShownPicture }
  /** Content that is not shown (yet). */
  | { kind: "none"; bytes: number; isComplete: boolean }
  /** A secret. `characters`: null where its length is not known yet. */
  | { kind: "hidden"; characters: number | null };

/** Longest text of a preview, UTF-16 code units. */
export const MAX_PREVIEW_CHARACTERS = 4096;

/** Requests that join one prompt are counted as far as this. */
export const MAX_COUNTED_REQUESTS = 100;

/** An entry of the audit log. Guest text in it is escaped; the content of what crossed is never in it. */
export interface AuditEntry {
  /** From 1, without a gap. */
  seq: number;
  /** ISO 8601, UTC. */
  time: string;
  action: AuditAction;
  from: CrossingParty;
  to: CrossingParty;
  type: string | null;
  /** null: not known (yet), or there are none. */
  bytes: number | null;
  /** Unicode code points of a text; null: it is none, or they are not known (yet). */
  characters: number | null;
  /** Of a scan: whether the file is clean. */
  decision: "allow" | "deny";
  /** Of policy.yaml as it was then: the one that decided, or that asked. */
  rule: { line: number; text: string } | null;
  by: (typeof AUDITED_BY)[number];
  /** What else there is to say, such as how a transfer ended, or what the person answered; "" = nothing. */
  detail: string;
}

export type CrossingEntry = AuditEntry & { action: PolicyAction; by: DecidedBy };

/** It has crossed, or was denied. */
export function isCrossing(entry: AuditEntry): entry is CrossingEntry {
  return entry.action !== "file.scan";
}

/** Of a party in commands and logs: a VM's name, `@host`, `@disposable`, a destination, a service. */
export function partyName(party: CrossingParty): string {
  switch (party.kind) {
    case "host":
      return "@host";
    case "new-disposable":
      return "@disposable";
    default:
      return party.name;
  }
}
