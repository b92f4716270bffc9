/**
 * Rules of the policy as the firewall has them: what one VM may connect to, in the order in which it counts. The firewall decides
 * by them as `evaluate` decides, so each is left out that cannot match a connection of this VM. Pure.
 */
import { createHash } from "node:crypto";
import type { FirewallRule, FirewallTarget } from "#shared/model/firewall.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import { type Circumstances, decisionFrom } from "../policy/evaluate.ts";
import type { PortPattern } from "../policy/destination.ts";
import type { Rule, TargetPattern } from "../policy/rules.ts";

export interface CompiledRules {
  readonly rules: readonly FirewallRule[];
  readonly checksNames: boolean;
  /** All connections of the VM: the traffic scanner does not know which one a rule was for. While it does not work, the firewall denies. */
  readonly scan: boolean;
  /** The rules of the policy by the ids of those that were made of them. */
  readonly sources: ReadonlyMap<string, Rule>;
}

/** What connections depend on beside the rules. */
export interface CompileOptions extends Pick<Circumstances, "now" | "boundTo"> {
  /** The person is asked of this VM's names on first use: what only a rule for all of the internet allows, or none. */
  readonly asks?: boolean;
  /** All of this VM is scanned, whatever its rules say. */
  readonly scans?: boolean;
  /** Where another VM is; null: it has no link with this firewall. */
  readonly placeOf?: PlaceOf;
}

/** The link and the name of a VM. */
export type PlaceOf = (vm: VmId) => { readonly link: string; readonly name: string } | null;

/** Of what no rule of the policy is for, where a VM asks on first use. */
const FIRST_USE: FirewallRule = {
  id: "builtin:first-use",
  decision: "ask",
  to: { kind: "internet" },
  port: null,
  protocol: null,
  until: null,
};

/** @param rules in their order, those of other actions and VMs too */
export function compileRules(
  rules: readonly Rule[],
  vm: VmParty,
  { now, boundTo, asks = false, scans = false, placeOf = () => null }: CompileOptions,
): CompiledRules {
  const compiled: FirewallRule[] = [];
  const sources = new Map<string, Rule>();
  let scan = scans;
  for (const rule of rules) {
    const to = rule.to.kind === "vm-place" ? vmTarget(rule.to, vm, boundTo, placeOf) : targetOf(rule.to);
    if (to === null || !isForConnections(rule)) continue;
    const decided = decisionFrom(rule, { action: "net.connect", from: vm }, boundTo);
    if (decided === null) continue;
    if (rule.until !== null && now >= rule.until) continue;
    const id = ruleId(rule);
    // The same again would never decide.
    if (sources.has(id)) continue;
    const isGeneral = to.to.kind === "any" || to.to.kind === "internet";
    const decision = asks && isGeneral && decided === "allow" ? "ask" : decided;
    scan ||= rule.scan && decision !== "deny";
    sources.set(id, rule);
    compiled.push({ id, decision, ...to, until: rule.until });
    // Nothing after it is ever looked at; what lets all pass does not mean what hides names (policy/hiding.ts).
    if (to.to.kind === "any" && decision === "deny" && rule.until === null) break;
  }
  if (asks && !compiled.some(({ to, until }) => to.kind === "any" && until === null)) compiled.push(FIRST_USE);
  const checksNames = compiled.some(({ to }) => to.kind === "name" || to.kind === "names-below");
  return { rules: compiled, checksNames, scan, sources };
}

/** Stays the same as long as the rule's text does, wherever in the file it stands. */
export function ruleId({ text }: Pick<Rule, "text">): string {
  return `rule:${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

/** A connection has no type, so no rule for a type means it. */
function isForConnections({ action, type }: Rule): boolean {
  return (action === null || action === "net.connect") && type === null;
}

type PlacedTarget = PortPattern & { to: FirewallTarget };

/** null: there is no such VM behind this firewall, or it is the VM itself. */
function vmTarget(
  { name, port, protocol }: Extract<TargetPattern, { kind: "vm-place" }>,
  from: VmParty,
  boundTo: CompileOptions["boundTo"],
  placeOf: PlaceOf,
): PlacedTarget | null {
  const id = boundTo(name);
  const place = id === null || id === from.id ? null : placeOf(id);
  return place === null ? null : { to: { kind: "vm", ...place }, port, protocol };
}

/** null: no connection to the outside is meant. */
function targetOf(pattern: TargetPattern): PlacedTarget | null {
  switch (pattern.kind) {
    case "any":
      return { to: { kind: "any" }, port: null, protocol: null };
    case "internet":
      return { to: { kind: "internet" }, port: pattern.port, protocol: pattern.protocol };
    case "destination": {
      const { destination } = pattern;
      const { port, protocol } = destination;
      if (destination.kind === "name") return { to: { kind: "name", name: destination.name }, port, protocol };
      if (destination.kind === "names-below")
        return { to: { kind: "names-below", name: destination.suffix.slice(1) }, port, protocol };
      return { to: { kind: "addresses", cidr: destination.network.cidr }, port, protocol };
    }
    default:
      return null;
  }
}
