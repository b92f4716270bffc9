/** Why a guest could not do what the host asked for. */
import { FailureCode } from "./gen/atoll_pb.ts";

export type FailureKind = "not-found" | "not-permitted" | "other";

/** Codes of a newer agent are "other". */
export function failureKind(untrusted: FailureCode): FailureKind {
  if (untrusted === FailureCode.NOT_FOUND) return "not-found";
  if (untrusted === FailureCode.NOT_PERMITTED) return "not-permitted";
  return "other";
}
