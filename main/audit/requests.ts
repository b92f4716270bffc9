/** The audit log, for the page and the `atoll` command. */
import type { auditContract } from "#shared/ipc/audit.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { AuditLog } from "./audit-log.ts";
import { readEntries, verify } from "./audit-reader.ts";

export function auditHandlers({ audit }: { audit: AuditLog }): Handlers<typeof auditContract> {
  return {
    "audit.list": async ({ filter, before, limit }) => ({
      ...(await readable(audit, readEntries(audit.parts, filter, { before, limit, now: Date.now() }))),
      problem: audit.problem?.reason ?? null,
    }),
    "audit.verify": () => readable(audit, verify(audit.parts)),
    "audit.follow": (_input, { connection }) => {
      const stop = audit.on("entry", (entry, isComplete) => {
        if (isComplete) connection.notify("audit.entry", entry);
      });
      connection.onClose(stop);
      return null;
    },
  };
}

/** What reads the log, with an error that a person understands. @throws AppError audit.unreadable */
export function readable<Value>({ parts }: AuditLog, reading: Promise<Value>): Promise<Value> {
  return reading.catch((error: unknown) => {
    const { current: file } = parts;
    throw new AppError("audit.unreadable", `The audit log ${file} cannot be read: ${messageOf(error)}.`, { file });
  });
}
