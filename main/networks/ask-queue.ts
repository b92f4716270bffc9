/**
 * Names that VMs want to connect to where the policy asks: the firewall has refused them, and a card waits for the person, one
 * for each VM and registrable domain. It never answers itself: what nobody answers stays refused, and no rule is written.
 */
import { getDomain } from "tldts";
import { messageOf } from "#shared/model/app-error.ts";
import type { AskCard, CardAnswer } from "#shared/model/network.ts";
import type { PolicyChange } from "#shared/ipc/policy.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Crossing, VmParty } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";
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
  policy: Pick<Policy, "on" | "decide">;
  changes: Pick<PolicyChanges, "setCell">;
  rules: Pick<NetworkRules, "revision">;
  passing: Pick<PassingAnswers, "add">;
  audit: Pick<AuditLog, "append" | "end">;
  /** Whether the person is asked of this VM's names on first use. */
  asks: (vm: VmParty) => boolean;
  vms: () => readonly VmParty[];
}

export class AskQueue extends Emitter<{ changed: [] }> {
  readonly #options: Options;
  /** By VM and domain, the oldest first. */
  readonly #cards = new Map<string, AskCard>();
  #lastId = FIRST_ID;

  constructor(options: Options) {
    super();
    this.#options = options;
    options.flows.on("happened", (flow) => this.#happened(flow));
    options.policy.on("changed", () => this.look());
  }

  get cards(): readonly AskCard[] {
    return [...this.#cards.values()];
  }

  /** The policy, or the VMs, are not what they were: what is not asked any more needs no answer. */
  look(): void {
    let isChanged = false;
    for (const [key, card] of this.#cards) {
      const names = card.names.filter((name) => this.#isAsked(card.vmId, name));
      if (names.length === card.names.length) continue;
      this.#keep(key, { ...card, names });
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
    const isOffered = card?.names.includes(name) === true || (card?.domain != null && name === `*.${card.domain}`);
    if (key === undefined || card === undefined || !isOffered) return null;
    const about = card.names.find((one) => isBelow(one, name)) ?? card.names[0] ?? name;
    const written = await this.#recorded(card, name, about, answer);
    const left = this.#cards.get(key);
    if (left?.id !== id) return written;
    this.#keep(key, { ...left, names: left.names.filter((one) => one !== name && !isBelow(one, name)) });
    this.emit("changed");
    return written;
  }

  /** Does what the answer means. The entry of the audit log says that it was given, and its end by which rule it counts. */
  async #recorded(card: AskCard, name: string, about: string, answer: CardAnswer): Promise<PolicyChange | null> {
    const { audit, changes, passing, policy } = this.#options;
    const from = this.#party(card.vmId);
    // Its VM is gone, and so is the card, at the next look.
    if (from === undefined) return null;
    const means = from.role === "disposable" ? withoutRule(MEANS[answer]) : MEANS[answer];
    const { decision } = means;
    const asked = policy.decide(this.#crossing(from, about)).answer.rule;
    const { seq } = await audit.append(
      {
        ...{ action: "net.connect", from: partyView(from), to: { kind: "destination", name: escapeForLog(name) } },
        ...{ type: null, bytes: null, decision, rule: asked, by: "person", detail: wordsOf(means) },
      },
      { goesOn: true },
    );
    const end = (detail: string): Promise<unknown> => audit.end(seq, { bytes: null, detail });
    if ("holds" in means) {
      const id = passing.add(card.vmId, name, decision, means.holds);
      await end(id ?? "");
      return null;
    }
    const cell = { action: "net.connect", from: from.name, to: name, about, decision, minutes: means.minutes } as const;
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
    const { name, address, port, verdict, count } = cells;
    const what = name ?? address;
    // What an older policy has asked is asked again by the program's next try, where the one in force still asks.
    if (verdict !== "ask" || what === null || rule.revision !== this.#options.rules.revision) return;
    const domain = name === null ? null : getDomain(name);
    const key = `${vmId} ${domain ?? what}`;
    const card = this.#cards.get(key);
    if (card === undefined && this.#countOf(vmId) >= MAX_CARDS) return;
    const names = card?.names ?? [];
    this.#cards.set(key, {
      id: card?.id ?? (this.#lastId += 1),
      ...{ vmId, vm, domain, port },
      names: names.includes(what) || names.length === MAX_NAMES ? names : [...names, what],
      count: (card?.count ?? 0) + (card === undefined ? count : 1),
      sinceMs: card?.sinceMs ?? updatedMs,
      lastMs: updatedMs,
    });
    this.emit("changed");
  }

  #isAsked(vm: VmId, what: string): boolean {
    const from = this.#party(vm);
    if (from === undefined) return false;
    const { decision, rule } = this.#options.policy.decide(this.#crossing(from, what));
    if (decision === "ask" || !this.#options.asks(from)) return decision === "ask";
    // As compile-rules.ts has it.
    return rule === null || (decision === "allow" && (rule.to.kind === "internet" || rule.to.kind === "any"));
  }

  #crossing(from: VmParty, what: string): Crossing {
    const isAddress = /^[\d.]+$|:/u.test(what);
    const [name, address] = isAddress ? [null, what] : [what, null];
    const to = { kind: "destination", name, address, port: null, protocol: null } as const;
    return { action: "net.connect", from, to, type: null, bytes: null };
  }

  #party(id: VmId): VmParty | undefined {
    return this.#options.vms().find((vm) => vm.id === id);
  }

  #countOf(vm: VmId): number {
    return this.cards.filter(({ vmId }) => vmId === vm).length;
  }

  #keep(key: string, card: AskCard): void {
    if (card.names.length === 0) this.#cards.delete(key);
    else this.#cards.set(key, card);
  }
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
