/** What the links' owner (networks.ts) needs of whoever filters: the firewall's service VM. */
import type { FirewallLink, FirewallState } from "#shared/model/firewall.ts";
import type { FromProgram, ProgramReport } from "#shared/model/service-messages.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";

/** A link without its rules: the filter puts them in by the VM's id. */
export interface FilteredLink extends Omit<FirewallLink, "rules"> {
  readonly vm: VmId;
}

/**
 * Those of the links in its state that a program has put in force. `problems`: what it could not, by the link's id; what is
 * about no link is about all of them.
 */
export function linksInForce(
  links: readonly string[],
  problems: Extract<FromProgram, { type: "applied" }>["problems"],
): string[] {
  const failed = new Set(problems.map(({ where }) => where));
  const isOfAll = [...failed].some((where) => !links.includes(where));
  return isOfAll ? [] : links.filter((id) => !failed.has(id));
}

/** Those of the acknowledged links that are still the same VMs': another one may have the number of a VM that is gone. */
export function stillAcknowledged(
  acknowledged: ReadonlySet<string>,
  before: readonly FilteredLink[],
  now: readonly FilteredLink[],
): ReadonlySet<string> {
  const vms = new Map(before.map(({ id, vm }) => [id, vm]));
  return new Set(now.flatMap(({ id, vm }) => (acknowledged.has(id) && vms.get(id) === vm ? [id] : [])));
}

/** Why a link's traffic stops, as the program says. */
export interface LinkProblem {
  /** null: all links'. */
  readonly vm: VmId | null;
  /** A guest's words, made harmless. */
  readonly reason: string;
}

/** What is wrong with this VM's link; null: nothing. */
export function problemOf(problems: readonly LinkProblem[], vm: VmId): string | null {
  return problems.find((problem) => problem.vm === null || problem.vm === vm)?.reason ?? null;
}

/** What a filter needs of the client of a service's program (main/vms/services/program.ts), which gets a `State`. */
export interface FilterProgram<State> {
  readonly isConnected: boolean;
  /** Returns the revision that `applied` names. @throws AppError service.too-large */
  tell(parts: { state: State }): number;
  on(name: "connected" | "gone", listener: () => void): () => void;
  on(name: "report", listener: (message: ProgramReport) => void): () => void;
}

export interface FilterService<State> {
  readonly vm: Vm;
  readonly program: FilterProgram<State>;
  /** Resolves when it runs, and is healthy. */
  start(): Promise<void>;
}

export interface FilterEvents {
  /** `isUp`, `isReady` or `acknowledged` changed. */
  changed: [];
}

export interface NetworkFilter {
  /** The VM whose interfaces the links end at. @throws AppError service.not-found */
  readonly vm: Vm;
  /** Its system has come up: interfaces can be given to it, before its program is there to set them up. */
  readonly isUp: boolean;
  /** Its program is connected. False: all links are cut. */
  readonly isReady: boolean;
  /** Ids of links whose rules the program has said to be in force, in this run of it. No other link is joined. */
  readonly acknowledged: ReadonlySet<string>;
  /** Why this VM's link is not acknowledged, for people; null: it only takes its time. */
  problemOf(vm: VmId): string | null;
  /** The session of the uplink that this run of the program has taken note of; null: none. Nothing goes by another one. */
  readonly uplinkSession: string | null;
  /** The links that shall be there; the program gets them with their rules. */
  setLinks(links: readonly FilteredLink[], uplink: FirewallState["uplink"]): void;
  /** Starts the VM unless it runs; rejects where it cannot. */
  start(): Promise<void>;
  on<Name extends keyof FilterEvents>(name: Name, listener: (...args: FilterEvents[Name]) => void): () => void;
}
