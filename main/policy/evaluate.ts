/** The decision: the first rule that matches, else deny. Pure: enforcement, `atoll policy check` and the tests of the file use it. */
import type { PolicyAction, PolicyDecision } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Crossing, Destination, Party, VmPlace } from "./crossing.ts";
import { containsAddress, isInternet, isOfLinks, matchesDestination, matchesPort, vmOfName } from "./destination.ts";
import { countsFor, type Hiding, hidingOf } from "./hiding.ts";
import { ADMINISTRATIVE, type PartyPattern, type Rule, type TargetPattern } from "./rules.ts";

/** What a decision depends on beside rules and crossing. */
export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Which VM a name of a rule means; null: none (it is not there, or was removed). */
  readonly boundTo: (name: string) => VmId | null;
  /** Whether there is a scanner that works, of what an action lets through. */
  readonly hasScanner: (action: PolicyAction) => boolean;
  /** Whether an address is this machine's own, or of a network that it is in: it is not on the internet. */
  readonly isNear: (address: string) => boolean;
  /** Of a VM, those that its network has; none: it has never had one. */
  readonly addressesOf: (vm: VmId) => readonly string[];
}

/** Why a rule's own decision is not the result, or why no rule matched that seems to. */
export type Refusal = "too-large" | "no-scanner" | "other-vm" | Hiding;

export interface Evaluation {
  readonly decision: PolicyDecision;
  /** null: none matched. */
  readonly rule: Rule | null;
  readonly refusal: Refusal | null;
}

const NO_RULE: Evaluation = { decision: "deny", rule: null, refusal: null };

export function evaluate(rules: readonly Rule[], crossing: Crossing, circumstances: Circumstances): Evaluation {
  const { to } = crossing;
  // Whatever a rule says: the address is a number, which another VM may have later.
  if (to.kind === "destination" && isOfVms(to)) return { ...NO_RULE, refusal: "other-vm" };
  for (const rule of rules) {
    const decision = matches(rule, crossing, circumstances);
    if (decision !== null) return decided(rule, decision, crossing, circumstances);
  }
  if (to.kind === "vm-place") return { ...NO_RULE, refusal: "other-vm" };
  return to.kind === "destination" ? { ...NO_RULE, refusal: hidingOf(to) } : NO_RULE;
}

/** The address or the name of a VM, of which a rule says neither. */
function isOfVms({ name, address }: Destination): boolean {
  return (address !== null && isOfLinks(address)) || (name !== null && vmOfName(name) !== null);
}

function decided(
  rule: Rule,
  decision: PolicyDecision,
  { action, bytes }: Crossing,
  { hasScanner }: Circumstances,
): Evaluation {
  const refuse = (refusal: Refusal): Evaluation => ({ decision: "deny", rule, refusal });
  if (decision === "deny") return { decision, rule, refusal: null };
  if (rule.maxBytes !== null && bytes !== null && bytes > rule.maxBytes) return refuse("too-large");
  if (rule.scan && !rule.asksUnscanned && !hasScanner(action)) return refuse("no-scanner");
  return { decision, rule, refusal: null };
}

/** What the rule decides; null: it does not match. */
function matches(rule: Rule, crossing: Crossing, circumstances: Circumstances): PolicyDecision | null {
  const { now, boundTo } = circumstances;
  if (rule.action === null ? ADMINISTRATIVE.has(crossing.action) : rule.action !== crossing.action) return null;
  if (rule.until !== null && now >= rule.until) return null;
  if (rule.type !== null && !matchesType(rule.type, crossing.type)) return null;
  if (crossing.to.kind === "destination" && !countsFor(rule, crossing.to)) return null;
  const decision = decisionFrom(rule, crossing, boundTo);
  if (decision === null) return null;
  const { to } = crossing;
  const isMeant =
    to.kind === "vm-place"
      ? matchesPlace(rule.to, decision, crossing.from, to, circumstances)
      : matchesTarget(rule.to, crossing, circumstances);
  return isMeant ? decision : null;
}

/**
 * What the rule decides about what comes from this party; null: it is not for it. A disposable that is for another VM connects to
 * no more than that one: the other's rules are its own, and rules that are for it alone can but deny.
 */
export function decisionFrom(
  rule: Pick<Rule, "from" | "decision">,
  { action, from }: Pick<Crossing, "action" | "from">,
  boundTo: Circumstances["boundTo"],
): PolicyDecision | null {
  const isMeant = matchesParty(rule.from, from, boundTo);
  const caller = action === "net.connect" && from.kind === "vm" ? from.forVm : undefined;
  if (caller === undefined) return isMeant ? rule.decision : null;
  if (caller !== null && matchesParty(rule.from, caller, boundTo)) return rule.decision;
  return isMeant && rule.decision !== "allow" ? "deny" : null;
}

/** A rule for a type says nothing of what has none, or of what is not known yet. */
function matchesType(pattern: string, type: string | null): boolean {
  if (type === null) return false;
  return pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** Whether a rule that names `pattern` means this party. */
export function matchesParty(pattern: PartyPattern, party: Party, boundTo: Circumstances["boundTo"]): boolean {
  if (pattern.kind === "host" || party.kind === "host") return pattern.kind === party.kind;
  if (pattern.kind === "any") return true;
  if (party.kind === "new-disposable") return pattern.kind === "disposable" || isDisposableRole(pattern);
  switch (pattern.kind) {
    case "vm":
      return party.id !== null && boundTo(pattern.name) === party.id;
    case "label":
      return party.label === pattern.label;
    case "role":
      return party.role === pattern.role;
    case "template":
      return party.template !== null && party.template === pattern.template;
    case "disposable":
      return party.role === "disposable";
  }
}

function isDisposableRole(pattern: PartyPattern): boolean {
  return pattern.kind === "role" && pattern.role === "disposable";
}

/**
 * Whether the rule decides about a connection to another VM: only one that names the VM opens a way; what denies everything, or the
 * VM's address, counts there too. As agents/netfilter/src/decide.rs has it.
 */
function matchesPlace(
  pattern: TargetPattern,
  decision: PolicyDecision,
  from: Party,
  to: VmPlace,
  { boundTo, addressesOf }: Circumstances,
): boolean {
  const { id } = to.vm;
  if (id === null || (from.kind === "vm" && from.id === id)) return false;
  if (pattern.kind === "vm-place") return boundTo(pattern.name) === id && matchesPort(pattern, to);
  if (decision !== "deny") return false;
  if (pattern.kind === "any") return true;
  if (pattern.kind !== "destination" || !matchesPort(pattern.destination, to)) return false;
  return addressesOf(id).some((address) => containsAddress(pattern.destination, address));
}

function matchesTarget(
  pattern: TargetPattern,
  { from, to }: Crossing,
  { boundTo, isNear }: Pick<Circumstances, "boundTo" | "isNear">,
): boolean {
  if (pattern.kind === "any") return to.kind !== "host";
  switch (to.kind) {
    case "destination":
      if (pattern.kind === "internet") return matchesPort(pattern, to) && isInternet(to, isNear);
      return pattern.kind === "destination" && matchesDestination(pattern.destination, to);
    case "vm-place":
      return false;
    case "service":
      return pattern.kind === "service" && pattern.name === to.name;
    case "vm":
    case "host":
    case "new-disposable":
      if (pattern.kind === "same-label") return hasSameLabel(from, to);
      if (pattern.kind === "internet" || pattern.kind === "destination") return false;
      if (pattern.kind === "vm-place" || pattern.kind === "service") return false;
      return matchesParty(pattern, to, boundTo);
  }
}

function hasSameLabel(from: Party, to: Party): boolean {
  return from.kind === "vm" && to.kind === "vm" && from.label !== null && from.label === to.label;
}
