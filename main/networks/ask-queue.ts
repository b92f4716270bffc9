/**
 * Names that VMs want to connect to where the policy asks: the firewall has refused them, and a card waits for the person, one
 * for each VM and registrable domain. It never answers itself: what nobody answers stays refused, and no rule is written.
 */
import { messageOf } from "#shared/model/app-error.ts";
import { registrableDomain } from "#shared/model/domain.ts";
import { type AskCard, type CardAnswer, MAX_ASKING_PROGRAMS } from "#shared/model/network.ts";
import type { PolicyChange } from "#shared/ipc/policy.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Crossing, VmParty } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import { ALL_PORTS, isWithinPorts, parseDestination, type PortPattern, withPorts } from "../policy/destination.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";
import type { Rule } from "../policy/rules.ts";
import type { AskingPrograms } from "./asking-programs.ts";
import { ruleId } from "./compile-rules.ts";
import type { Flow, Flows } from "./flows.ts";
import type { NetworkRules } from "./network-rules.ts";
import type { Holding, PassingAnswers } from "./passing-answers.ts";

/** Cards of one VM; a program that asks for more names has to wait until some are answered. */
const MAX_CARDS = 100;
/** Names on one card. */
const MAX_NAMES = 20;
/** Prompts count from 1: no card has the number of one. */
const FIRST_ID = 1_000_000_000;

/** What an answer does: a rule of the policy, or something that passes. `minutes` null: for ever. */
type Meaning = { decision: "allow" | "deny" } & ({ holds: Holding } | { minutes: number | null });
const MEANS: Readonly<Record<CardAnswer, Meaning>> = {
  once: { decision: "allow", holds: "once" },
  minutes: { decision: "allow", minutes: 10 },
  hour: { decision: "allow", minutes: 60 },
  "until-stop": { decision: "allow", holds: "until-stop" },
  always: { decision: "allow", minutes: null },
  deny: { decision: "deny", holds: "once" },
  "deny-minutes": { decision: "deny", minutes: 10 },
  "deny-hour": { decision: "deny", minutes: 60 },
  "deny-until-stop": { decision: "deny", holds: "until-stop" },
  "deny-always": { decision: "deny", minutes: null },
};

/** As the audit log has them. */
const HOLDS: Readonly<Record<Holding, string>> = { once: "once", "until-stop": "until the VM stops" };

interface Options {
  flows: Pick<Flows, "on">;
  policy: Pick<Policy, "on" | "decide" | "rulesFrom">;
  changes: Pick<PolicyChanges, "setCell">;
  rules: Pick<NetworkRules, "revision">;
  passing: Pick<PassingAnswers, "add">;
  audit: Pick<AuditLog, "append" | "end">;
  /** Whether the person is asked of this VM's names on first use. */
  asks: (vm: VmParty) => boolean;
  vms: () => readonly VmParty[];
  /** By the VM's own word. */
  programs: (vm: VmId) => Promise<AskingPrograms>;
}

/** What was asked of one name. */
interface Asked {
  readonly name: string;
  /** Those of the rules that asked, each once, the last one last: so many as the policy has, whatever a VM tries. */
  readonly ports: readonly PortPattern[];
  /** As the card shows it. */
  readonly shownPort: number | null;
}

/** With the names as the queue has them. */
interface Card extends Omit<AskCard, "names" | "ports"> {
  readonly asked: readonly Asked[];
}

export class AskQueue extends Emitter<{ changed: [] }> {
  readonly #options: Options;
  /** By VM and domain, the oldest first. */
  readonly #cards = new Map<string, Card>();
  /** VMs that are being asked for programs; true: they have to be asked again. */
  readonly #learning = new Map<VmId, boolean>();
  #lastId = FIRST_ID;

  constructor(options: Options) {
    super();
    this.#options = options;
    options.flows.on("happened", (flow) => this.#happened(flow));
    options.policy.on("changed", () => this.look());
  }

  get cards(): readonly AskCard[] {
    return [...this.#cards.values()].map(({ asked, ...card }) => ({
      ...card,
      names: asked.map(({ name }) => name),
      ports: asked.map(({ shownPort }) => shownPort),
    }));
  }

  /** The policy, or the VMs, are not what they were: what is not asked any more needs no answer. */
  look(): void {
    let isChanged = false;
    for (const [key, card] of this.#cards) {
      const asked = without(card.asked, ({ name }, ports) => this.#asking(card.vmId, name, ports) === null);
      if (asked === card.asked) continue;
      this.#keep(key, { ...card, asked });
      isChanged = true;
    }
    if (isChanged) this.emit("changed");
  }

  /**
   * A person's answer about a name of the card, or about all names below its domain ("*.DOMAIN").
   * It is in the audit log before it counts.
   * @returns the rule that was written; null: none, as the card is gone or the answer is one that passes
   * @throws AppError policy.broken, policy.changed, audit.unwritable
   */
  async answer(id: number, name: string, answer: CardAnswer): Promise<PolicyChange | null> {
    const [key, card] = [...this.#cards].find(([, one]) => one.id === id) ?? [];
    const isMeant = (one: string): boolean => one === name || isBelow(one, name);
    const isOffered =
      card?.asked.some((one) => one.name === name) || (card?.domain != null && name === `*.${card.domain}`);
    if (key === undefined || card === undefined || !isOffered) return null;
    const about = card.asked.find((one) => isMeant(one.name)) ?? card.asked[0];
    const ports = about?.ports.at(-1);
    if (about === undefined || ports === undefined) return null;
    const written = await this.#recorded(card, name, { name: about.name, ports }, answer);
    const left = this.#cards.get(key);
    if (left?.id !== id) return written;
    // What was asked of other ports waits on: the answer is not about them.
    const isOver = (one: Asked, of: PortPattern): boolean => isMeant(one.name) && isWithinPorts(of, ports);
    this.#keep(key, { ...left, asked: without(left.asked, isOver) });
    this.emit("changed");
    return written;
  }

  /** Does what the answer means. The entry of the audit log says that it was given, and its end by which rule it counts. */
  async #recorded(
    card: Card,
    name: string,
    about: { name: string; ports: PortPattern },
    answer: CardAnswer,
  ): Promise<PolicyChange | null> {
    const { audit, changes, passing, policy } = this.#options;
    const from = this.#party(card.vmId);
    // Its VM is gone, and so is the card, at the next look.
    if (from === undefined) return null;
    const means = from.role === "disposable" ? withoutRule(MEANS[answer]) : MEANS[answer];
    const { decision } = means;
    const { ports } = about;
    const crossing = this.#asking(card.vmId, about.name, ports) ?? crossingOf(from, about.name, ports);
    const asked = policy.decide(crossing).answer.rule;
    const { seq } = await audit.append(
      {
        ...{ action: "net.connect", from: partyView(from), to: { kind: "destination", name: escapeForLog(name) } },
        ...{ type: null, bytes: null, decision, rule: asked, by: "person", detail: wordsOf(means) },
      },
      { goesOn: true },
    );
    const end = (detail: string): Promise<unknown> => audit.end(seq, { bytes: null, characters: null, detail });
    if ("holds" in means) {
      const id = passing.add(card.vmId, name, ports, decision, means.holds);
      await end(id ?? "");
      return null;
    }
    const cell = {
      ...{ action: "net.connect" as const, from: from.name, to: withPorts(name, ports) },
      ...{ about: withPorts(about.name, crossing.to), decision, minutes: means.minutes },
    };
    try {
      const written = await changes.setCell(cell);
      await end(
        written.rule === null ? "policy.yaml said so already" : `${ruleId(written.rule)}, line ${written.rule.line}`,
      );
      return written;
    } catch (error) {
      await end(`the rule was not written: ${escapeForLog(messageOf(error))}`);
      throw error;
    }
  }

  #happened({ vmId, vm, cells, rule, updatedMs }: Flow): void {
    const { name, address, verdict, count } = cells;
    const what = name ?? address;
    // What an older policy has asked is asked again by the program's next try, where the one in force still asks.
    if (verdict !== "ask" || what === null || rule.revision !== this.#options.rules.revision) return;
    // A rule is written of it: what looks like another word of a rule ("@vm:bank", "*.example") is no name.
    if (parseDestination(what)?.port !== null) return;
    const domain = name === null ? null : registrableDomain(name);
    const key = `${vmId} ${domain ?? what}`;
    const card = this.#cards.get(key);
    if (card === undefined && this.#countOf(vmId) >= MAX_CARDS) return;
    const ports = this.#portsOf(vmId, cells.rule);
    const shownPort = cells.port ?? ports.port;
    const asked = card?.asked ?? [];
    const isKnown = asked.some((one) => one.name === what);
    this.#cards.set(key, {
      id: card?.id ?? (this.#lastId += 1),
      ...{ vmId, vm, domain, programs: card?.programs ?? [] },
      asked: isKnown
        ? asked.map((one) => (one.name === what ? { name: what, ports: withLast(one.ports, ports), shownPort } : one))
        : [...asked, { name: what, ports: [ports], shownPort }].slice(0, MAX_NAMES),
      count: (card?.count ?? 0) + (card === undefined ? count : 1),
      sinceMs: card?.sinceMs ?? updatedMs,
      lastMs: updatedMs,
    });
    this.emit("changed");
    if (!isKnown) void this.#learn(vmId);
  }

  /** A VM is asked one question at a time, however many names its programs want. */
  async #learn(vm: VmId): Promise<void> {
    if (this.#learning.has(vm)) return void this.#learning.set(vm, true);
    do {
      this.#learning.set(vm, false);
      this.#take(vm, await this.#options.programs(vm));
    } while (this.#learning.get(vm) === true);
    this.#learning.delete(vm);
  }

  #take(vm: VmId, programsByName: AskingPrograms): void {
    let isChanged = false;
    for (const [key, card] of this.#cards) {
      if (card.vmId !== vm) continue;
      const named = card.asked.flatMap(({ name }) => programsByName.get(name) ?? []);
      const programs = [...new Set([...named, ...card.programs])].slice(0, MAX_ASKING_PROGRAMS);
      if (programs.join("\n") === card.programs.join("\n")) continue;
      this.#cards.set(key, { ...card, programs });
      isChanged = true;
    }
    if (isChanged) this.emit("changed");
  }

  /** Those of the rule that has refused something: also of a look-up, which has none itself. */
  #portsOf(vm: VmId, rule: string): PortPattern {
    const from = this.#party(vm);
    const rules = from === undefined ? [] : this.#options.policy.rulesFrom("net.connect", from);
    const asking = rules.find((one) => ruleId(one) === rule);
    return asking === undefined ? ALL_PORTS : portsOf(asking);
  }

  /** What is asked at these ports of a name or an address; null: nothing. */
  #asking(vm: VmId, what: string, ports: PortPattern): (Crossing & { to: PortPattern }) | null {
    const from = this.#party(vm);
    if (from === undefined) return null;
    const isBoth = ports.port !== null && ports.protocol === null;
    const crossings = isBoth
      ? (["tcp", "udp"] as const).map((protocol) => crossingOf(from, what, { ...ports, protocol }))
      : [crossingOf(from, what, ports)];
    return crossings.find((crossing) => this.#isAsked(from, crossing)) ?? null;
  }

  #isAsked(from: VmParty, crossing: Crossing): boolean {
    const { decision, rule } = this.#options.policy.decide(crossing);
    if (decision === "ask" || !this.#options.asks(from)) return decision === "ask";
    // As compile-rules.ts has it.
    return rule === null || (decision === "allow" && (rule.to.kind === "internet" || rule.to.kind === "any"));
  }

  #party(id: VmId): VmParty | undefined {
    return this.#options.vms().find((vm) => vm.id === id);
  }

  #countOf(vm: VmId): number {
    return this.cards.filter(({ vmId }) => vmId === vm).length;
  }

  #keep(key: string, card: Card): void {
    if (card.asked.length === 0) this.#cards.delete(key);
    else this.#cards.set(key, card);
  }
}

function crossingOf(from: VmParty, what: string, ports: PortPattern): Crossing & { to: PortPattern } {
  const isAddress = /^[\d.]+$|:/u.test(what);
  const [name, address] = isAddress ? [null, what] : [what, null];
  const { port, protocol } = ports;
  const to = { kind: "destination", name, address, port, protocol } as const;
  return { action: "net.connect", from, to, type: null, bytes: null };
}

function portsOf({ to }: Rule): PortPattern {
  if (to.kind !== "internet" && to.kind !== "destination") return ALL_PORTS;
  const { port, protocol } = to.kind === "internet" ? to : to.destination;
  return { port, protocol };
}

function withLast(all: readonly PortPattern[], last: PortPattern): PortPattern[] {
  return [...all.filter(({ port, protocol }) => port !== last.port || protocol !== last.protocol), last];
}

/** Names without the ports of which this is true, and without those that have none left; the same where it is true of none. */
function without(asked: readonly Asked[], isOver: (asked: Asked, ports: PortPattern) => boolean): readonly Asked[] {
  const left = asked.map((one) => ({ ...one, ports: one.ports.filter((ports) => !isOver(one, ports)) }));
  const isSame = left.every(({ ports }, at) => ports.length === asked[at]?.ports.length);
  return isSame ? asked : left.filter(({ ports }) => ports.length > 0);
}

/** For a VM whose name never comes back, a rule would outlive it: what holds for a while ends sooner. */
function withoutRule(means: Meaning): Meaning & { holds: Holding } {
  if ("holds" in means) return means;
  return { decision: means.decision, holds: means.minutes === null ? "until-stop" : "once" };
}

function wordsOf(means: Meaning): string {
  if ("holds" in means) return HOLDS[means.holds];
  return means.minutes === null ? "always" : `for ${means.minutes} minutes`;
}

/** @param pattern "*.DOMAIN", or a name, which nothing is below */
function isBelow(name: string, pattern: string): boolean {
  return pattern.startsWith("*.") && name.endsWith(pattern.slice(1));
}
