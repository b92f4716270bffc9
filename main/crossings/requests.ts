/** Prompts of crossings, for the `atoll` command. */
import type { crossingContract } from "#shared/ipc/crossing.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Policy } from "../policy/policy.ts";

export function crossingHandlers(_parts: { policy: Policy }): Handlers<typeof crossingContract> {
  return { "prompt.list": () => [] };
}
