/** The audit log: what has crossed between VMs, what was denied, and what scanners have said of files. */
import { z } from "zod";
import { AUDIT_ACTIONS, AUDITED_BY, type AuditEntry } from "../model/crossing.ts";
import { crossingParty, ruleAtLine } from "./crossing.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

export const auditEntry: z.ZodType<AuditEntry> = z.strictObject({
  seq: z.int().min(1),
  time: z.iso.datetime(),
  action: z.enum(AUDIT_ACTIONS),
  from: crossingParty,
  to: crossingParty,
  type: z.string().nullable(),
  bytes: z.int().min(0).nullable(),
  /** Lines of the log of before they were counted do not have it. */
  characters: z.int().min(0).nullable().default(null),
  decision: z.enum(["allow", "deny"]),
  rule: ruleAtLine.nullable(),
  by: z.enum(AUDITED_BY),
  detail: z.string(),
});

/** What an entry has to be; null: anything. Texts are parts of a name, without regard to case. */
const auditFilter = z.strictObject({
  /** At most so many seconds old. */
  sinceS: z.number().min(0).nullable().default(null),
  action: z.enum(AUDIT_ACTIONS).nullable().default(null),
  from: z.string().max(200).nullable().default(null),
  to: z.string().max(200).nullable().default(null),
  decision: z.enum(["allow", "deny"]).nullable().default(null),
  by: z.enum(AUDITED_BY).nullable().default(null),
  /** Words that each have to be somewhere in the entry. */
  text: z.string().max(200).nullable().default(null),
});
export type AuditFilter = z.output<typeof auditFilter>;

export const auditContract = domain({
  requests: {
    /** Newest first. A page goes on with `before`: the last seq of the page before. */
    "audit.list": request({
      from: ["page", "cli"],
      input: z.strictObject({
        filter: auditFilter,
        before: z.int().min(1).nullable().default(null),
        limit: z.int().min(1).max(1000).default(100),
      }),
      output: z.strictObject({
        entries: z.array(auditEntry),
        /** Whether there are older ones that fit. */
        hasMore: z.boolean(),
        /** Why the log cannot be written, so that nothing may cross; null: it can. */
        problem: z.string().nullable(),
      }),
    }),
    /** Reads the whole chain. `firstBad`: the entry that does not follow the one before it. */
    "audit.verify": request({
      from: ["page", "cli"],
      input: nothing,
      output: z.strictObject({
        entries: z.int().min(0),
        ok: z.boolean(),
        firstBad: z.int().min(1).nullable(),
      }),
    }),
    /** From now on new entries come to this connection as `audit.entry`, each when it is complete. */
    "audit.follow": request({ from: ["cli"], input: nothing, output: z.null() }),
  },
  events: {
    /** A new entry. The page gets it again when its bytes are known: by its `seq` it replaces the former one. */
    "audit.entry": event({ to: ["page", "cli"], payload: auditEntry }),
  },
});
