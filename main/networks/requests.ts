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
import { type Crossing, partyOf, type VmParty } from "../policy/crossing.ts";
import {
  isInternet,
  matchesDestination,
  parseDestination,
  parseDestinationPattern,
  parseInternetPattern,
} from "../policy/destination.ts";
import type { Policy } from "../policy/policy.ts";
import { type CellChange, newRuleOf, type PolicyChanges } from "../policy/policy-changes.ts";
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
  linkIndices: Pick<LinkIndices, "find">;
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
      const { decision, rule, explanation } = policy.check("net.connect", vm.definition.name, to, null);
      const destination = parseDestination(to);
      const host = destination?.name ?? destination?.address;
      if (host === undefined || host === null) throw noDestination(to);
      const reached = vm.state === "running" ? await tryConnect(vm, host, destination?.port ?? null) : null;
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
      const decides = policy.decisionsOf(after);
      const past = await history.read({ sinceS: WEEK_DAYS * DAY_S, words: [], verdict: null }, Infinity);
      const flips = past.flows.flatMap((flow) => {
        const isAbove = ABOVE_RULES.has(flow.rule.id);
        const now = flow.vm === vm.name && !isAbove ? flipOf(flow, proposed, decides, vm) : null;
        return now === null ? [] : [{ flow, now }];
      });
      const ends = flows.all.filter(
        ({ vmId, endedMs, cells }) =>
          vmId === vm.id &&
          endedMs === null &&
          flipOf(cells, proposed, decides, vm) !== null &&
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
  if (parseDestinationPattern(to) === null && parseInternetPattern(to) === null) throw noDestination(to);
  return { action: "net.connect", from: application.vm(vm).definition.name, to, about, decision, minutes };
}

function noDestination(to: string): AppError {
  return new AppError(
    "usage.bad-argument",
    `"${to}" is no name and no address, with or without ":PORT" or ":PORT/PROTOCOL".`,
    { to },
  );
}

/** What would be decided now of what the proposed rule is about; null: the same. A person's own answers stay theirs. */
function flipOf(
  { name, address, port, protocol, verdict }: Pick<PastFlow, "name" | "address" | "port" | "protocol" | "verdict">,
  { to }: ProposedRule,
  decides: (crossing: Crossing) => PolicyDecision,
  from: VmParty,
): PolicyDecision | null {
  const pattern = parseDestinationPattern(to);
  const transport = protocol === "tcp" || protocol === "udp" ? protocol : null;
  const destination = { kind: "destination", name, address, port, protocol: transport } as const;
  if (pattern !== null && !matchesDestination(pattern, destination)) return null;
  const now = decides({ action: "net.connect", from, to: destination, type: null, bytes: null });
  return now === verdict ? null : now;
}
