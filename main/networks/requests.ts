/** Who talks to what, for the page and the `atoll` command. */
import {
  type ProposedRule,
  MAX_FLIPS,
  MAX_PAST_FLOWS,
  MAX_SHOWN_ALERTS,
  type networkContract,
} from "#shared/ipc/network.ts";
import { ABOVE_RULES } from "#shared/model/firewall.ts";
import type { FlowView, PastFlow } from "#shared/model/network.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { problemWords } from "#shared/model/yaml-file.ts";
import { type Destination, partyOf, type VmParty, type VmPlace } from "../policy/crossing.ts";
import {
  isInternet,
  matchesDestination,
  matchesPort,
  parseDestination,
  parseDestinationPattern,
  parseInternetPattern,
  parseVmPlace,
  vmOfName,
  vmPlaceWord,
} from "../policy/destination.ts";
import type { Policy } from "../policy/policy.ts";
import { type CellChange, newRuleOf, type PolicyChanges } from "../policy/policy-changes.ts";
import { vmPlaceOf } from "../policy/simulate.ts";
import type { Vm } from "../vms/vm.ts";
import type { Network } from "./network.ts";
import { flowView, shownFlow } from "./flows.ts";
import { gatewayEnd, guestEnd } from "./addresses.ts";
import type { HostNetworks } from "./host-networks.ts";
import { checkForLeaks } from "./leak-check.ts";
import { type Surroundings, targetsWith } from "./leak-probes.ts";
import type { LinkIndices } from "./link-indices.ts";
import { tryConnect } from "./try-connect.ts";

const DAY_S = 86_400;
const WEEK_DAYS = 7;

interface Parts {
  application: Pick<Application, "vm" | "vms">;
  linkIndices: Pick<LinkIndices, "find" | "vmAt">;
  hostNetworks: Pick<HostNetworks, "cidrs" | "isNear">;
  network: Network;
  policy: Policy;
  policyChanges: PolicyChanges;
}

export function networkHandlers({
  application,
  linkIndices,
  hostNetworks,
  network,
  policy,
  policyChanges,
}: Parts): Handlers<typeof networkContract> {
  const { flows, history } = network;
  const views = (): FlowView[] => flows.all.map((flow) => flowView(flow, Date.now()));

  return {
    "network.flows": views,
    "network.follow": (_input, { connection }) => {
      const stop = flows.on("happened", (flow) => connection.notify("network.flow", flowView(flow, Date.now())));
      connection.onClose(stop);
      return null;
    },
    "network.test": async ({ vm: reference, to }) => {
      const vm = application.vm(reference);
      const { word, other } = placeAt(to, application.vms, linkIndices);
      const { decision, rule, explanation: why } = policy.check("net.connect", vm.definition.name, word, null);
      const isServed = other === null || network.filter.served.includes(other.id);
      const isAway = ` ${other?.definition.name} has no link with the firewall now: nothing reaches it.`;
      const explanation = decision === "allow" && !isServed ? why + isAway : why;
      if (vm.state !== "running") return { decision, rule, explanation, reached: null };
      const index = other === null ? undefined : linkIndices.find(other.id);
      const destination = parseVmPlace(word) ?? parseDestination(to);
      const host = index === undefined ? hostOf(destination) : guestEnd(index).ipv4;
      // A VM that has never had a network has no address.
      if (host === null && other === null) throw noDestination(to);
      const reached = host !== null && (await tryConnect(vm, host, destination?.port ?? null));
      return { decision, rule, explanation, reached };
    },
    "network.check": ({ vm: reference, targets }) => {
      const vm = application.vm(reference);
      const { name } = vm.definition;
      const destination = (address: string) =>
        ({ kind: "destination", name: null, address, port: null, protocol: null }) as const;
      return checkForLeaks(vm, {
        targets: targetsWith(targets),
        surroundings: surroundingsOf(vm, application.vms, linkIndices, hostNetworks),
        decide: (to) => policy.check("net.connect", name, to, null).decision,
        isInternet: (address) => isInternet(destination(address), hostNetworks.isNear),
      });
    },
    "network.alerts": ({ sinceS }) => network.scanner.since(sinceS),
    "network.watch": ({ isWatched }) => {
      network.isWatched = isWatched;
      const now = Date.now();
      return {
        filter: network.view,
        flows: flows.all.map((flow) => shownFlow(flow, now)),
        traffic: flows.traffic,
        scanner: network.scanner.view,
        alerts: network.scanner.newest(MAX_SHOWN_ALERTS),
      };
    },
    "network.history": ({ days, words, verdict }) =>
      history.read({ sinceS: days * DAY_S, words: words.map((word) => word.toLowerCase()), verdict }, MAX_PAST_FLOWS),
    "network.tryRule": async (proposed) => {
      const cell = cellOf(proposed, application);
      const { before, after } = await policy.tryChange(policyChanges.cellEdit(cell));
      const { problem, tests } = policy.tryText(after);
      if (problem !== null) throw new AppError("policy.broken", `${problemWords(problem)}.`, { ...problem });
      const rule = newRuleOf({ before, after }, policy.file);
      const statuses = application.vms.map(({ status }) => status);
      const vm = partyOf(application.vm(proposed.vm).status, statuses);
      const decisionOf = policy.decisionsOf(after);
      const parties = statuses.map((status) => partyOf(status, statuses));
      const decides = (flow: Reached): PolicyDecision =>
        decisionOf({ action: "net.connect", from: vm, to: crossedTo(flow, parties), type: null, bytes: null });
      const past = await history.read({ sinceS: WEEK_DAYS * DAY_S, words: [], verdict: null }, Infinity);
      const flips = past.flows.flatMap((flow) => {
        const isAbove = ABOVE_RULES.has(flow.rule.id);
        const now = flow.vm === vm.name && !isAbove ? flipOf(flow, proposed, decides) : null;
        return now === null ? [] : [{ flow, now }];
      });
      const ends = flows.all.filter(
        ({ vmId, endedMs, cells, toVm }) =>
          vmId === vm.id &&
          endedMs === null &&
          flipOf({ ...cells, toVm }, proposed, decides) !== null &&
          cells.verdict === "allow",
      );
      return {
        rule,
        tests: tests.map(({ name, ok }) => ({ name, ok })),
        flips: flips.slice(0, MAX_FLIPS),
        flipCount: flips.length,
        flowCount: past.total,
        ends: ends.length,
      };
    },
    "network.answer": ({ card, name, answer }) => network.asks.answer(card, name, answer),
    "network.makeRule": (proposed) => policyChanges.setCell(cellOf(proposed, application)),
  };
}

/** Whom a VM must never reach. */
function surroundingsOf(
  vm: Vm,
  vms: readonly Vm[],
  indices: Parts["linkIndices"],
  { cidrs }: Pick<HostNetworks, "cidrs">,
): Omit<Surroundings, "hostPort"> {
  const indexOf = ({ id }: Vm): number | undefined => indices.find(id);
  const own = indexOf(vm);
  const gateway = own === undefined ? null : gatewayEnd(own);
  const others = vms.flatMap((other) => {
    const index = other === vm ? undefined : indexOf(other);
    return index === undefined ? [] : [{ vm: other.definition.name, address: guestEnd(index).ipv4 }];
  });
  const host = cidrs.map((cidr) => cidr.replace(/\/.*$/, ""));
  return { host, gateway: gateway === null ? [] : [gateway.ipv4, gateway.ipv6], others };
}

/** @throws AppError vm.not-found, usage.bad-argument */
function cellOf({ vm, to, about, decision, minutes }: ProposedRule, application: Parts["application"]): CellChange {
  const isOne = [parseDestinationPattern, parseInternetPattern, parseVmPlace].some((parse) => parse(to) !== null);
  if (!isOne) throw noDestination(to);
  return { action: "net.connect", from: application.vm(vm).definition.name, to, about, decision, minutes };
}

function noDestination(to: string): AppError {
  return new AppError(
    "usage.bad-argument",
    `"${to}" is no name, no address and no "@vm:NAME", with or without ":PORT" or ":PORT/PROTOCOL".`,
    { to },
  );
}

/** The VM that is meant by "@vm:NAME", by its name or by its address, and how a rule names that place; `other` null: no VM is. */
function placeAt(
  to: string,
  vms: readonly Vm[],
  indices: Parts["linkIndices"],
): { readonly word: string; readonly other: Vm | null } {
  const destination = parseDestination(to);
  const name = parseVmPlace(to)?.name ?? vmOfName(destination?.name ?? "");
  if (name !== null) return { word: to, other: vms.find(({ definition }) => definition.name === name) ?? null };
  const id = destination === null || destination.address === null ? null : indices.vmAt(destination.address);
  const other = vms.find((vm) => vm.id === id) ?? null;
  return other === null || destination === null
    ? { word: to, other: null }
    : { word: vmPlaceWord(other.definition.name, destination), other };
}

function hostOf(destination: Partial<Pick<Destination, "name" | "address">> | null): string | null {
  return destination?.name ?? destination?.address ?? null;
}

/** null: it is neither, as of a look-up. */
function transportOf(protocol: PastFlow["protocol"]): Destination["protocol"] {
  return protocol === "tcp" || protocol === "udp" ? protocol : null;
}

type Reached = Pick<PastFlow, "name" | "address" | "toVm" | "port" | "protocol" | "verdict">;

/** What a connection went to, as the policy has it. Of a VM that is gone: its address, to which no rule opens a way. */
function crossedTo({ name, address, toVm, port, protocol }: Reached, vms: readonly VmParty[]): Destination | VmPlace {
  const destination = { name, address, port, protocol: transportOf(protocol) };
  const place = toVm === null ? null : vmPlaceOf({ ...destination, name: toVm }, vms);
  return place ?? { kind: "destination", ...destination };
}

/** What would be decided now of what the proposed rule is about; null: the same. A person's own answers stay theirs. */
function flipOf(
  flow: Reached,
  { to }: ProposedRule,
  decides: (flow: Reached) => PolicyDecision,
): PolicyDecision | null {
  const destination = { ...flow, kind: "destination", protocol: transportOf(flow.protocol) } as const;
  const place = parseVmPlace(to);
  if (place !== null && (place.name !== flow.toVm || !matchesPort(place, destination))) return null;
  const pattern = parseDestinationPattern(to);
  if (pattern !== null && !matchesDestination(pattern, destination)) return null;
  const now = decides(flow);
  return now === flow.verdict ? null : now;
}
