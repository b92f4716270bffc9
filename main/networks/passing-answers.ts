/**
 * Answers of a person that are not written into policy.yaml: they hold once, or until the VM stops, and end with the application.
 * Each counts in the place of the rule that asked, so that it never allows what an earlier rule denies.
 */
import type { BUILTIN_RULES, FirewallRule, FirewallTarget } from "#shared/model/firewall.ts";
import type { VmId } from "#shared/model/vm.ts";
import { atMostEach } from "../base/at-most-each.ts";
import { Emitter } from "../base/emitter.ts";
import {
  isWithinPorts,
  matchesDestination,
  parseDestination,
  parseDestinationPattern,
  type PortPattern,
  portsInBoth,
  withPorts,
} from "../policy/destination.ts";
import type { Flow, Flows } from "./flows.ts";
import type { RuleSource } from "./network-rules.ts";

/** "Once" holds for what a program tries again by itself. */
const ONCE_MS = 60_000;

/** The firewall has reported the connections that there are within this time. */
const FLOWS_WITHIN_MS = 5_000;

/** Hundreds of connections may begin and end in a second, and each asks for a look at all that there are. */
const LOOK_MS = 1_000;

/** By what a row is that stands for connections of a VM without rows of their own. */
const NOT_SHOWN: keyof typeof BUILTIN_RULES = "builtin:not-shown";

export type Holding = "once" | "until-stop";

interface PassingAnswer {
  readonly id: string;
  readonly vm: VmId;
  readonly to: FirewallTarget;
  readonly ports: PortPattern;
  readonly decision: "allow" | "deny";
  readonly holding: Holding;
  /** Its time is over: what has begun by it goes on. */
  readonly isOver: boolean;
  /** In words, in place of a line of the policy. */
  readonly text: string;
}

export class PassingAnswers extends Emitter<{ changed: [] }> {
  readonly #flows: () => Pick<Flows, "all" | "on">;
  readonly #run = Date.now().toString(36);
  #answers: readonly PassingAnswer[] = [];
  #last = 0;

  constructor(flows: () => Pick<Flows, "all" | "on">) {
    super();
    this.#flows = flows;
  }

  /**
   * @param name a name, "*.NAME" or an address
   * @param ports those that the rule is for which asked
   * @returns the id by which flows name it; null: it is none of these
   */
  add(vm: VmId, name: string, ports: PortPattern, decision: "allow" | "deny", holding: Holding): string | null {
    const to = targetOf(name);
    if (to === null) return null;
    this.#last += 1;
    const until = holding === "once" ? "once" : "until the VM stops";
    const text = `your answer: ${decision} ${withPorts(name, ports)}, ${until}`;
    const answer = { id: `answer:${this.#run}-${this.#last}`, vm, to, ports, decision, holding, isOver: false, text };
    this.#answers = [answer, ...this.#answers];
    if (holding === "once") setTimeout(() => this.#endOnce(answer), ONCE_MS).unref();
    this.emit("changed");
    return answer.id;
  }

  /** The VM has stopped. */
  stopped(vm: VmId): void {
    this.#drop((answer) => answer.vm === vm);
  }

  /** Among the rules of this VM. */
  addTo(vm: VmId, rules: readonly FirewallRule[]): { rules: FirewallRule[]; sources: Map<string, RuleSource> } {
    const sources = new Map<string, RuleSource>();
    let added = [...rules];
    for (const { id, to, ports, decision, isOver, text } of this.#answers.filter((answer) => answer.vm === vm)) {
      const placed: PortPattern[] = [];
      added = added.flatMap((rule) => {
        const both = rule.decision === "ask" && covers(rule.to, to) ? portsInBoth(rule, ports) : null;
        // The same again would never decide.
        if (both === null || placed.some((before) => isWithinPorts(both, before))) return [rule];
        placed.push(both);
        sources.set(id, { line: null, text });
        const { port, protocol } = both;
        const answer = { id, decision, to, port, protocol, until: null };
        return [isOver ? { ...answer, onlyRunning: true } : answer, rule];
      });
    }
    return { rules: added, sources };
  }

  /** A connection that began meanwhile is not cut, and no other one begins. */
  #endOnce({ id, vm, decision }: PassingAnswer): void {
    // Whoever has no row of its own may have begun by it.
    const mayBeBy = ({ vmId, cells: { rule } }: Flow): boolean => rule === id || (rule === NOT_SHOWN && vmId === vm);
    const isUsed = (): boolean => this.#flows().all.some((flow) => flow.endedMs === null && mayBeBy(flow));
    const drop = (): void => this.#drop((one) => one.id === id);
    if (decision === "deny") return drop();
    this.#answers = this.#answers.map((one) => (one.id === id ? { ...one, isOver: true } : one));
    this.emit("changed");
    setTimeout(() => {
      const looks = atMostEach(LOOK_MS, () => {
        if (isUsed()) return;
        stop();
        looks.end();
        drop();
      });
      const stop = this.#flows().on("happened", () => looks.ask());
      looks.ask();
    }, FLOWS_WITHIN_MS).unref();
  }

  #drop(isOver: (answer: PassingAnswer) => boolean): void {
    const left = this.#answers.filter((answer) => !isOver(answer));
    if (left.length === this.#answers.length) return;
    this.#answers = left;
    this.emit("changed");
  }
}

function targetOf(name: string): FirewallTarget | null {
  const pattern = parseDestinationPattern(name);
  switch (pattern?.kind) {
    case "name":
      return { kind: "name", name: pattern.name };
    case "names-below":
      return { kind: "names-below", name: pattern.suffix.slice(1) };
    case "addresses":
      return { kind: "addresses", cidr: pattern.network.cidr };
    default:
      return null;
  }
}

/** Whether what a rule is for has in it what an answer is for. */
function covers(rule: FirewallTarget, answer: FirewallTarget): boolean {
  if (rule.kind === "any" || rule.kind === "internet") return true;
  if (answer.kind === "addresses") {
    const pattern = rule.kind === "addresses" ? parseDestinationPattern(rule.cidr) : null;
    const destination = parseDestination(answer.cidr.split("/")[0] ?? "");
    return pattern !== null && destination !== null && matchesDestination(pattern, destination);
  }
  if (rule.kind === "addresses" || rule.kind === "vm" || !("name" in answer)) return false;
  if (rule.kind === "name") return answer.kind === "name" && answer.name === rule.name;
  return answer.name.endsWith(`.${rule.name}`) || (answer.kind === "names-below" && answer.name === rule.name);
}
