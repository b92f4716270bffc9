/** Rules as the file has them, parsed. */
import type { LabelName } from "#shared/model/label.ts";
import type { PolicyAction, PolicyDecision } from "#shared/model/policy.ts";
import type { VmRole } from "#shared/model/vm.ts";
import type { DestinationPattern, PortPattern } from "./destination.ts";

/** Whom a rule means by its `from` or `to`. */
export type PartyPattern =
  /** The VM that this name is bound to (names.ts). */
  | { readonly kind: "vm"; readonly name: string }
  | { readonly kind: "label"; readonly label: LabelName }
  | { readonly kind: "role"; readonly role: VmRole }
  | { readonly kind: "template"; readonly template: string }
  /** A disposable VM, one that is there or one that is made. */
  | { readonly kind: "disposable" }
  | { readonly kind: "host" }
  /** Every VM and destination; never the host, which has to be named. */
  | { readonly kind: "any" };

export type TargetPattern =
  | PartyPattern
  /** A VM with the label of `from`. */
  | { readonly kind: "same-label" }
  | ({ readonly kind: "internet" } & PortPattern)
  | { readonly kind: "destination"; readonly destination: DestinationPattern }
  /** Of `net.connect`: the VM that this name is bound to. */
  | ({ readonly kind: "vm-place"; readonly name: string } & PortPattern)
  | { readonly kind: "service"; readonly name: string };

/** The name by which the pattern means one VM; null: it does not. */
export function vmNameIn(pattern: TargetPattern): string | null {
  return pattern.kind === "vm" || pattern.kind === "vm-place" ? pattern.name : null;
}

export interface Rule {
  /** Of the file, from 1. */
  readonly line: number;
  /** The rule on one line, as it is shown. */
  readonly text: string;
  /** null: every action but administrative ones, which have to be named. */
  readonly action: PolicyAction | null;
  readonly from: PartyPattern;
  readonly to: TargetPattern;
  /** As they are written. */
  readonly words: { readonly action: string; readonly from: string; readonly to: string };
  /** A MIME type, or `KIND/*`; null: any, and what has no type. */
  readonly type: string | null;
  /** What is larger is denied by this rule. */
  readonly maxBytes: number | null;
  /** Milliseconds since 1970, from which on the rule counts no more. */
  readonly until: number | null;
  readonly decision: PolicyDecision;
  /** Whether the person may answer "always". */
  readonly offersAlways: boolean;
  /** Whether the person is shown that something has crossed. */
  readonly notify: boolean;
  /** Whether a scanner has to have found nothing. */
  readonly scan: boolean;
  /** Of several scanners one is enough; else every one has to have found nothing. */
  readonly oneScannerSuffices: boolean;
  /** Where that could not look at all of it, the person decides; else it is held. */
  readonly asksUnscanned: boolean;
}

/** One of the `tests:`: what a person expects of the rules. */
export interface Expectation {
  readonly line: number;
  readonly name: string;
  readonly action: PolicyAction;
  readonly from: PartyPattern;
  readonly to: TargetPattern;
  readonly type: string | null;
  readonly bytes: number | null;
  readonly expect: PolicyDecision;
}

/** Actions that no wildcard grants. */
export const ADMINISTRATIVE: ReadonlySet<PolicyAction> = new Set<PolicyAction>(["exec"]);
