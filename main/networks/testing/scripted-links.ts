/** Interfaces, relays and a filter that do what a test has them do, and keep what was done in order. */
import type { FirewallState } from "#shared/model/firewall.ts";
import type { VmId, VmNetwork } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import type { MachineNics, NicSpec } from "../../hardware/driver.ts";
import type { Vm } from "../../vms/vm.ts";
import type { FilteredLink, FilterEvents, NetworkFilter } from "../filter.ts";
import type { NetworkedVm } from "../networks.ts";
import type { Relay, RelayEvents, RelayWork } from "../relay.ts";

export class ScriptedNics implements MachineNics {
  /** Interfaces, and whether each has a carrier. */
  readonly links: Record<string, boolean> = {};
  /** Interfaces, and how often what is asked of each fails. */
  readonly refusals = new Map<string, number>();
  /** Interfaces that its guest does not give away. */
  readonly kept = new Set<string>();
  /** Its machine hangs: what is asked of it is never answered. */
  isMute = false;
  readonly #name: string;
  readonly #happened: (what: string) => void;

  constructor(name: string, happened: (what: string) => void, ids: readonly string[]) {
    this.#name = name;
    this.#happened = happened;
    // An earlier run of the application may have left them so.
    for (const id of ids) this.links[id] = true;
  }

  socket(id: string): string {
    return `/${this.#name}/${id}`;
  }

  setLink(id: string, isUp: boolean): Promise<void> {
    if (!(id in this.links)) return Promise.reject(new Error(`There is no ${id}.`));
    if (this.isMute) return new Promise(() => undefined);
    if (this.#refuses(id)) return Promise.reject(new Error(`${id} does not answer`));
    if (this.links[id] !== isUp) this.#happened(`${this.#name} ${id} ${isUp ? "up" : "down"}`);
    this.links[id] = isUp;
    return Promise.resolve();
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve(Object.keys(this.links));
  }

  plug({ id }: NicSpec): Promise<void> {
    if (this.#refuses(id)) return Promise.reject(new Error(`${id} does not fit`));
    this.links[id] ??= false;
    return Promise.resolve();
  }

  unplug(id: string): Promise<void> {
    if (this.kept.has(id)) return Promise.reject(new Error(`${id} stays`));
    delete this.links[id];
    return Promise.resolve();
  }

  #refuses(id: string): boolean {
    const left = this.refusals.get(id) ?? 0;
    this.refusals.set(id, left - 1);
    return left > 0;
  }
}

export class ScriptedRelay extends Emitter<RelayEvents> implements Relay {
  readonly work: RelayWork;
  isOver = false;
  readonly #happened: (what: string) => void;

  constructor(work: RelayWork, happened: (what: string) => void) {
    super();
    this.work = work;
    this.#happened = happened;
  }

  get sockets(): readonly string[] {
    return this.work.kind === "join" ? this.work.sockets : [this.work.socket];
  }

  end(): void {
    if (!this.isOver) this.#happened(`cut ${this.sockets.join(" ")}`);
    this.isOver = true;
  }
}

export class ScriptedVm implements NetworkedVm {
  readonly id: VmId;
  readonly status: { network: VmNetwork };
  nics: ScriptedNics | null = null;
  /** Nobody knows yet whether its machine is there. */
  isInDoubt = false;
  detail = "";
  readonly #name: string;
  readonly #happened: (what: string) => void;

  constructor(name: string, network: VmNetwork, happened: (what: string) => void) {
    this.id = `${name}-id` as VmId;
    this.status = { network };
    this.#name = name;
    this.#happened = happened;
  }

  get isOn(): boolean {
    return this.isInDoubt || this.nics !== null;
  }

  /** Its machine starts, with these interfaces. */
  start(...ids: string[]): void {
    this.nics = new ScriptedNics(this.#name, this.#happened, ids);
  }

  tellNetwork(detail: string): void {
    this.detail = detail;
  }
}

export class ScriptedFilter extends Emitter<FilterEvents> implements NetworkFilter {
  isUp = false;
  isReady = false;
  acknowledged: ReadonlySet<string> = new Set();
  readonly problems = new Map<VmId, string>();
  uplinkSession: string | null = null;
  links: readonly FilteredLink[] = [];
  uplink: FirewallState["uplink"] = null;
  starts = 0;
  /** Why it cannot be started. */
  failure: Error | null = null;
  readonly #vm: ScriptedVm;

  constructor(vm: ScriptedVm) {
    super();
    this.#vm = vm;
  }

  /** Only what Networks needs of it is there. */
  get vm(): Vm {
    return this.#vm as unknown as Vm;
  }

  problemOf(vm: VmId): string | null {
    return this.problems.get(vm) ?? null;
  }

  setLinks(links: readonly FilteredLink[], uplink: FirewallState["uplink"]): void {
    this.links = links;
    this.uplink = uplink;
  }

  start(): Promise<void> {
    this.starts += 1;
    return this.failure === null ? Promise.resolve() : Promise.reject(this.failure);
  }

  /** Its program is connected, or gone; these rules are in force, and what it was told of the uplink. */
  is(isReady: boolean, ...acknowledged: string[]): void {
    this.isUp = this.isReady = isReady;
    this.uplinkSession = isReady ? (this.uplink?.session ?? null) : null;
    this.acknowledged = new Set(acknowledged);
    this.emit("changed");
  }
}
