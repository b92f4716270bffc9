/**
 * The links of all VMs: who is joined with whom, and when. A VM's own network says which: `direct` is joined with the internet
 * by an uplink of its own, `firewall` with its twin in the firewall VM, once the firewall has said that this VM's rules are
 * in force. Whatever is lost, the link is cut first; then it is made again.
 */
import { randomUUID } from "node:crypto";
import { messageOf, toErrorValue } from "#shared/model/app-error.ts";
import type { FirewallState } from "#shared/model/firewall.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { Backoff } from "../base/backoff.ts";
import type { MachineNics } from "../hardware/driver.ts";
import { gatewayEnd, guestEnd, isTwin, linkId, OWN_NIC, ownNic, twinNic, uplinkNic } from "./addresses.ts";
import { Cable, type CableOptions } from "./cable.ts";
import type { FilteredLink, NetworkFilter } from "./filter.ts";
import type { LinkIndices } from "./link-indices.ts";
import type { RelayWork, StartRelay, UplinkEnds } from "./relay.ts";
import { DEFAULT_UPLINK, type UplinkChoice } from "./uplink.ts";

/** What is needed of a VM. */
export interface NetworkedVm {
  readonly id: VmId;
  readonly nics: MachineNics | null;
  /** Its machine is there, or may be. */
  readonly isOn: boolean;
  readonly status: Pick<VmStatus, "network">;
  /** Why its network does not work; "" = it does. */
  tellNetwork(detail: string): void;
}

export interface NetworksOptions {
  /** All that there are. */
  vms: () => readonly NetworkedVm[];
  indices: LinkIndices;
  startRelay: StartRelay;
  /** What speaks for these ends on the internet. */
  uplinkCommand: (ends: UplinkEnds, more: UplinkChoice["options"]) => readonly string[];
  /** By which interface of this computer the filter's own uplink goes; that of the default route where nothing is said. */
  filterUplink?: () => UplinkChoice;
  filter: NetworkFilter;
  /** Whose links these are, as in "waits for ..."; the firewall's where nothing is said. */
  filterName?: string;
  /** It has a link to the internet itself. True where nothing is said. */
  filterHasUplink?: boolean;
  /** Ids of VMs that keep their numbers; those of `vms` where nothing is said. */
  known?: () => readonly VmId[];
  /** Aborted when the application ends: the filter is not started again, though VMs that need it may run on for a while. */
  ending: AbortSignal;
  log: (line: string) => void;
}

/** A VM, and the number of its link. */
interface FilteredVm {
  readonly vm: NetworkedVm;
  readonly index: number;
}

/** A VM's interface as its machine has it. Another machine of the VM is another one. */
interface Port extends FilteredVm {
  readonly nics: MachineNics;
}

/** What joins a port, for as long as all of it stays the same. */
interface Joined {
  readonly nics: MachineNics;
  readonly cable: Cable;
  /** Of the firewall VM; null: none is in between. */
  readonly firewall: MachineNics | null;
}

/** The firewall VM, as it runs. */
interface Firewall {
  readonly id: VmId;
  readonly index: number;
  readonly nics: MachineNics;
}

/** Interfaces of the firewall VM that runs. */
interface Plugged {
  readonly nics: MachineNics;
  /** That it was given. */
  readonly ids: Set<string>;
  /** Others that it has, such as of an earlier run of the application. */
  readonly left: Set<string>;
  /** That it was to give away, and has not yet. */
  readonly kept: Set<string>;
}

/** The first delay before a firewall that could not be started is tried again, and the longest. */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** The same of what could not be made for a link, such as an interface that the firewall VM has not got. */
const MAKE_RETRY_MS = 500;
const MAX_MAKE_RETRY_MS = 30_000;
/** The same of an interface that the firewall VM has not given away: each try holds up what others are to be given. */
const UNPLUG_RETRY_MS = 20_000;
const MAX_UNPLUG_RETRY_MS = 300_000;

export class Networks {
  readonly #options: NetworksOptions;
  readonly #joined = new Map<VmId, Joined>();
  /** Interfaces that were cut when they were first seen; false: there is none, the machine began without. */
  readonly #cut = new Map<MachineNics, boolean>();
  #plugged: Plugged | null = null;
  /** Why it has no interface for a VM. */
  readonly #noTwin = new Map<VmId, string>();
  #uplink: { readonly nics: MachineNics; readonly cable: Cable; readonly options: string } | null = null;
  /** Of the filter's uplink: another one each time that what went by it is lost. */
  #session = randomUUID();
  #reported = "";
  #isStarting = false;
  /** Why the firewall VM does not run; null: nobody has tried, or it does. */
  #startProblem: string | null = null;
  readonly #retries = new Backoff(RETRY_MS, MAX_RETRY_MS);
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #makeRetries = new Backoff(MAKE_RETRY_MS, MAX_MAKE_RETRY_MS);
  #makeTimer: NodeJS.Timeout | undefined;
  readonly #unplugRetries = new Backoff(UNPLUG_RETRY_MS, MAX_UNPLUG_RETRY_MS);
  #unplugTimer: NodeJS.Timeout | undefined;
  #known = new Set<VmId>();
  #isLooking = false;
  #looksAgain = false;
  #isClosed = false;

  constructor(options: NetworksOptions) {
    this.#options = options;
    options.filter.on("changed", () => this.look());
  }

  /** Something has changed: VMs, or what they are to be joined with. Cuts what may be no more before it returns. */
  look(): void {
    if (this.#isClosed) return;
    this.#cutWhatMayNotBe();
    if (this.#isLooking) {
      this.#looksAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#lookAgain();
  }

  /** The application ends: VMs run on, without a network. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#makeTimer);
    clearTimeout(this.#unplugTimer);
    for (const id of [...this.#joined.keys()]) this.#part(id);
    this.#endUplink();
  }

  async #lookAgain(): Promise<void> {
    do {
      this.#looksAgain = false;
      try {
        await this.#makeWhatIsMissing();
      } catch (error) {
        this.#options.log(`networks: ${messageOf(error)}`);
        this.#makeLater();
      }
    } while (this.#looksAgain && !this.#isClosed);
    this.#isLooking = false;
  }

  /** Something could not be made: it is tried again, also where nothing else changes. */
  #makeLater(): void {
    if (this.#isClosed) return;
    this.#makeTimer ??= setTimeout(() => {
      this.#makeTimer = undefined;
      this.look();
    }, this.#makeRetries.nextDelayMs(performance.now()));
  }

  // ---- cutting: at once ------------------------------------------------------------------------------------

  #cutWhatMayNotBe(): void {
    const vms = new Map(this.#options.vms().map((vm) => [vm.id, vm]));
    const firewall = this.#firewallNics();
    for (const [id, joined] of this.#joined) {
      const vm = vms.get(id);
      const network = vm?.status.network;
      const isSame = vm !== undefined && vm.nics === joined.nics;
      const mayBe =
        network === "direct"
          ? joined.firewall === null
          : network === "firewall" && joined.firewall !== null && joined.firewall === firewall && this.#isInForce(id);
      if (!isSame || !mayBe) this.#part(id);
    }
    const { options, problem } = this.#uplinkChoice;
    const isSame = this.#uplink?.nics === firewall && this.#uplink?.options === options.join(" ");
    if (this.#uplink !== null && (!isSame || problem !== null)) this.#endUplink();
  }

  #part(id: VmId): void {
    this.#joined.get(id)?.cable.end();
    this.#joined.delete(id);
  }

  #endUplink(): void {
    if (this.#uplink === null) return;
    this.#uplink.cable.end();
    this.#uplink = null;
    this.#session = randomUUID();
  }

  get #uplinkChoice(): UplinkChoice {
    return this.#options.filterUplink?.() ?? DEFAULT_UPLINK;
  }

  #isInForce(id: VmId): boolean {
    const index = this.#options.indices.find(id);
    return index !== undefined && this.#options.filter.acknowledged.has(linkId(index));
  }

  /** Interfaces of the firewall VM that is up; null: there is none. */
  #pluggableNics(): MachineNics | null {
    const { filter } = this.#options;
    return filter.isUp ? filter.vm.nics : null;
  }

  /** Interfaces of the firewall VM whose program is connected; null: there is none. */
  #firewallNics(): MachineNics | null {
    const { filter } = this.#options;
    return filter.isReady ? filter.vm.nics : null;
  }

  // ---- making: in turns ------------------------------------------------------------------------------------

  async #makeWhatIsMissing(): Promise<void> {
    const vms = this.#options.vms();
    await this.#releaseIndices(vms);
    const ports = (await Promise.all(vms.map((vm) => this.#port(vm)))).filter((port) => port !== null);
    for (const port of ports) if (port.vm.status.network === "direct") this.#joinDirect(port);
    const filtered = ports.filter(({ vm }) => vm.status.network === "firewall");
    if (filtered.length > 0) this.#startFilter();
    const firewall = await this.#firewall();
    this.#noTwin.clear();
    if (firewall !== null) await this.#joinFiltered(firewall, filtered);
    this.#tell(ports);
  }

  /** The interface of a VM that runs and shall have a network; null: it has none. */
  async #port(vm: NetworkedVm): Promise<Port | null> {
    const { nics } = vm;
    const { network } = vm.status;
    if (nics === null || network === null) return null;
    // Also one that has none any more: an earlier run of the application may have left it up.
    if (network === "none" && this.#options.indices.find(vm.id) === undefined) {
      vm.tellNetwork("");
      return null;
    }
    if (!this.#cut.has(nics)) {
      try {
        const isThere = (await nics.list()).includes(OWN_NIC);
        if (isThere) await nics.setLink(OWN_NIC, false);
        this.#cut.set(nics, isThere);
      } catch {
        // A machine that is slow to answer has an interface all the same. Of one that has ended another one is heard of.
        if (vm.nics === nics) this.#makeLater();
        return null;
      }
    }
    if (network === "none") {
      vm.tellNetwork("");
      return null;
    }
    if (this.#cut.get(nics) !== true) {
      vm.tellNetwork("It gets its network at its next start.");
      return null;
    }
    const index = await this.#options.indices.indexOf(vm.id);
    return vm.nics === nics ? { vm, nics, index } : null;
  }

  #joinDirect({ vm, nics, index }: Port): void {
    if (this.#joined.has(vm.id)) return;
    const ends = { guest: guestEnd(index), gateway: gatewayEnd(index) };
    const work = this.#uplinkWork(nics.socket(OWN_NIC), ends, DEFAULT_UPLINK.options);
    this.#joined.set(vm.id, { nics, cable: this.#cable({ work, ends: [{ nics, id: OWN_NIC }] }), firewall: null });
  }

  async #joinFiltered(firewall: Firewall, ports: readonly Port[]): Promise<void> {
    const uplink = await this.#plugUplink(firewall);
    const plugged: Port[] = [];
    for (const port of ports) {
      const problem = await this.#plug(firewall.nics, twinNic(port.index));
      if (problem === null) plugged.push(port);
      else this.#noTwin.set(port.vm.id, problem);
    }
    const inDoubt = this.#inDoubt(firewall.nics, ports);
    this.#unplugOthers(firewall.nics, [...ports, ...inDoubt]);
    this.#setLinks([...plugged, ...inDoubt], uplink, firewall);
    for (const port of plugged) {
      const { vm, nics, index } = port;
      // Much may have changed meanwhile: what is cut is not joined again by an older turn.
      if (this.#joined.has(vm.id) || vm.nics !== nics || vm.status.network !== "firewall") continue;
      if (this.#firewallNics() !== firewall.nics || !this.#isInForce(vm.id)) continue;
      const twin = { nics: firewall.nics, id: twinNic(index).id };
      const work: RelayWork = { kind: "join", sockets: [nics.socket(OWN_NIC), twin.nics.socket(twin.id)] };
      const cable = this.#cable({ work, ends: [twin, { nics, id: OWN_NIC }] });
      this.#joined.set(vm.id, { nics, cable, firewall: firewall.nics });
    }
  }

  #cable(options: Omit<CableOptions, "startRelay">): Cable {
    const cable = new Cable({ ...options, startRelay: this.#options.startRelay });
    cable.on("changed", () => this.look());
    return cable;
  }

  #uplinkWork(socket: string, ends: UplinkEnds, more: UplinkChoice["options"]): RelayWork {
    return { kind: "uplink", socket, ends, command: this.#options.uplinkCommand(ends, more) };
  }

  // ---- the firewall VM -------------------------------------------------------------------------------------

  async #firewall(): Promise<Firewall | null> {
    const nics = this.#pluggableNics();
    if (nics === null) return null;
    const { id } = this.#options.filter.vm;
    const index = await this.#options.indices.indexOf(id);
    if (this.#plugged?.nics !== nics) {
      const left = await this.#leftIn(nics);
      if (left === null) return null;
      this.#plugged = { nics, ids: new Set(), left, kept: new Set() };
    }
    return this.#pluggableNics() === nics ? { id, index, nics } : null;
  }

  /** Twins of an earlier run of the application; null: it has not said so yet. */
  async #leftIn(nics: MachineNics): Promise<Set<string> | null> {
    try {
      return new Set((await nics.list()).filter(isTwin));
    } catch (error) {
      this.#options.log(`the firewall does not say which interfaces it has: ${messageOf(error)}`);
      if (this.#pluggableNics() === nics) this.#makeLater();
      return null;
    }
  }

  #startFilter(): void {
    const { filter, ending, log } = this.#options;
    if (filter.isReady) {
      this.#startProblem = null;
      return;
    }
    if (ending.aborted || this.#isStarting || this.#retryTimer !== undefined) return;
    this.#isStarting = true;
    const failed = (error: unknown): void => {
      const problem = messageOf(error);
      // The end of the application cancels a start that is under way: that is no failure.
      if (problem !== this.#startProblem && !ending.aborted) log(`the firewall cannot be started: ${problem}`);
      this.#startProblem = problem;
    };
    void filter
      .start()
      .catch(failed)
      .finally(() => {
        this.#isStarting = false;
        // Also where it runs and its program does not come: whoever starts it again notices that it runs.
        this.#retryTimer = setTimeout(() => {
          this.#retryTimer = undefined;
          this.look();
        }, this.#retries.nextDelayMs(performance.now()));
        this.look();
      });
  }

  async #plugUplink({ nics, index }: Firewall): Promise<FirewallState["uplink"]> {
    if (this.#options.filterHasUplink === false) return null;
    const nic = uplinkNic(index);
    const ends = { guest: guestEnd(index), gateway: gatewayEnd(index) };
    if ((await this.#plug(nics, nic)) !== null) return null;
    const { options, problem } = this.#uplinkChoice;
    if (this.#uplink === null && this.#firewallNics() === nics && problem === null) {
      const work = this.#uplinkWork(nics.socket(nic.id), ends, options);
      // The filter takes note of another session while nothing can go by it yet: what it ends then is of the one before.
      const mayRise = (): boolean => this.#options.filter.uplinkSession === this.#session;
      const cable = this.#cable({ work, ends: [{ nics, id: nic.id }], mayRise });
      cable.on("parted", () => (this.#session = randomUUID()));
      this.#uplink = { nics, options: options.join(" "), cable };
    }
    return { own: { mac: nic.mac, ...ends.guest }, gateway: ends.gateway, session: this.#session };
  }

  /** Why the firewall VM does not have the interface; null: it does. */
  async #plug(nics: MachineNics, nic: ReturnType<typeof twinNic>): Promise<string | null> {
    const plugged = this.#plugged;
    if (plugged?.nics !== nics) return "it starts";
    const { ids, left, kept } = plugged;
    if (ids.has(nic.id)) return null;
    try {
      await nics.plug(nic);
      // It stays as it is where it was there already, and an earlier run of the application may have left it up.
      await nics.setLink(nic.id, false);
      ids.add(nic.id);
      kept.delete(nic.id);
      return null;
    } catch (error) {
      this.#options.log(`the firewall gets no interface "${nic.id}": ${messageOf(error)}`);
      // It may be there all the same.
      left.add(nic.id);
      // Of one that has ended another one is heard of.
      if (this.#pluggableNics() === nics) this.#makeLater();
      if (toErrorValue(error).code !== "hardware.no-nic-slot") return messageOf(error);
      const noRoom = "it has no room for another VM";
      if (kept.size === 0) return noRoom;
      return `${noRoom}, as it has not given away interfaces that nobody uses (${kept.size}): restart it`;
    }
  }

  /**
   * VMs of which nobody knows yet whether they run, or which interfaces they have, and for which an earlier run of the application has
   * left an interface. A filter that does not get them in its state ends what they have open.
   */
  #inDoubt(nics: MachineNics, ports: readonly Port[]): FilteredVm[] {
    const plugged = this.#plugged;
    if (plugged?.nics !== nics) return [];
    const known = new Set(ports.map(({ vm }) => vm.id));
    return this.#options.vms().flatMap((vm): FilteredVm[] => {
      const isKnown = known.has(vm.id) || (vm.nics !== null && this.#cut.has(vm.nics));
      if (!vm.isOn || isKnown || vm.status.network !== "firewall") return [];
      const index = this.#options.indices.find(vm.id);
      return index !== undefined && plugged.left.has(twinNic(index).id) ? [{ vm, index }] : [];
    });
  }

  /** Of VMs that do not run any more: there are only so many slots. */
  #unplugOthers(nics: MachineNics, vms: readonly FilteredVm[]): void {
    const plugged = this.#plugged;
    if (plugged?.nics !== nics) return;
    const { ids, left } = plugged;
    const wanted = new Set(vms.map(({ index }) => twinNic(index).id));
    for (const id of new Set([...ids, ...left])) {
      if (id === uplinkNic(0).id || wanted.has(id)) continue;
      ids.delete(id);
      left.delete(id);
      this.#unplug(plugged, id);
    }
  }

  /** Whatever the guest does, nothing passes: it has no carrier and no relay, and no rules are in force for it. */
  #unplug(plugged: Plugged, id: string): void {
    const { nics, ids, kept } = plugged;
    nics.setLink(id, false).catch(() => undefined);
    // Not awaited: the guest takes its time, and the links of the others do not wait for it.
    nics
      .unplug(id)
      .then(() => kept.delete(id))
      .catch((error: unknown) => {
        if (ids.has(id)) return;
        if (!kept.has(id)) this.#options.log(`the firewall keeps interface "${id}": ${messageOf(error)}`);
        this.#keeps(plugged, id);
      });
  }

  /** It is to give it away, and is asked again for it, unless it is wanted by then. */
  #keeps(plugged: Plugged, id: string): void {
    if (this.#plugged !== plugged || this.#isClosed) return;
    plugged.kept.add(id);
    this.#unplugTimer ??= setTimeout(() => {
      this.#unplugTimer = undefined;
      for (const kept of this.#plugged?.kept ?? []) this.#plugged?.left.add(kept);
      this.look();
    }, this.#unplugRetries.nextDelayMs(performance.now()));
  }

  #setLinks(vms: readonly FilteredVm[], uplink: FirewallState["uplink"], { id }: Firewall): void {
    // In one order, also while some become known: what is the same is not sent again.
    const ordered = vms.toSorted((one, other) => one.index - other.index);
    const links = ordered.map(({ vm, index }): FilteredLink => ({
      vm: vm.id,
      id: linkId(index),
      own: { mac: twinNic(index).mac, ...gatewayEnd(index) },
      guest: { mac: ownNic(index).mac, ...guestEnd(index) },
    }));
    const now = JSON.stringify([id, links, uplink]);
    if (now !== this.#reported) {
      this.#reported = now;
      this.#options.filter.setLinks(links, uplink);
    }
    this.#uplink?.cable.look();
  }

  // ---- words and numbers -----------------------------------------------------------------------------------

  #tell(ports: readonly Port[]): void {
    for (const { vm } of ports) vm.tellNetwork(this.#detail(vm));
  }

  #detail(vm: NetworkedVm): string {
    const cable = this.#joined.get(vm.id)?.cable;
    if (cable?.isUp === true) {
      const problem = vm.status.network === "firewall" ? this.#uplinkProblem : null;
      return problem === null ? "" : `Its firewall has no way to the internet: ${problem}.`;
    }
    if (cable !== undefined)
      return cable.problem === null ? "Its network is being joined." : `Its network is cut: ${cable.problem}.`;
    const { filter, filterName = "the firewall" } = this.#options;
    const inForce = filter.isReady ? "its rules are not in force yet" : (this.#startProblem ?? "it starts");
    const reason = this.#noTwin.get(vm.id) ?? filter.problemOf(vm.id) ?? inForce;
    return `Its network waits for ${filterName}: ${reason.replace(/\.$/, "")}.`;
  }

  /** Why there is no way to the internet; null: there is, or it only takes its time. */
  get #uplinkProblem(): string | null {
    if (this.#options.filterHasUplink === false) return null;
    return this.#uplinkChoice.problem ?? this.#uplink?.cable.problem ?? null;
  }

  async #releaseIndices(vms: readonly NetworkedVm[]): Promise<void> {
    const { known = () => vms.map(({ id }) => id) } = this.#options;
    const now = new Set(known());
    const gone = [...this.#known].filter((id) => !now.has(id));
    this.#known = now;
    const machines = new Set(vms.map(({ nics }) => nics));
    for (const nics of this.#cut.keys()) if (!machines.has(nics)) this.#cut.delete(nics);
    await Promise.all(gone.map((id) => this.#options.indices.release(id)));
  }
}
