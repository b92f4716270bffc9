/** The audit log, for the page and the `atoll` command. */
import type { auditContract } from "#shared/ipc/audit.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Policy } from "../policy/policy.ts";

export function auditHandlers(_parts: { policy: Policy }): Handlers<typeof auditContract> {
  return {
    "audit.list": () => ({ entries: [], hasMore: false, problem: null }),
    "audit.verify": () => ({ entries: 0, ok: true, firstBad: null }),
    "audit.follow": () => null,
  };
}
