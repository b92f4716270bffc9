/** Events of the audit log and the policy for the page. */
import type { AuditLog } from "../audit/audit-log.ts";
import type { Page } from "../ipc/page.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";

interface Parts {
  audit: Pick<AuditLog, "on">;
  page: Page;
  policy: Pick<Policy, "on">;
  policyChanges: Pick<PolicyChanges, "on">;
}

export function sendCrossingEvents({ audit, page, policy, policyChanges }: Parts): void {
  audit.on("entry", (entry) => page.send("audit.entry", entry));
  policy.on("changed", () => page.send("policy.changed", { written: null }));
  policyChanges.on("answered", (written) => page.send("policy.changed", { written }));
}
