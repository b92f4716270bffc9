/** The networks of all VMs as one part of the application: its filter, who talks to what, and what a scanner has seen. */
import type { FilterView } from "#shared/model/network.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";
import { AskQueue } from "./ask-queue.ts";
import type { AskingPrograms } from "./asking-programs.ts";
import { FirewallFilter, type FirewallService } from "./firewall-filter.ts";
import { FlowHistory } from "./flow-history.ts";
import { Flows } from "./flows.ts";
import type { HostNetworks } from "./host-networks.ts";
import { type AddRules, NetworkRules } from "./network-rules.ts";
import { PassingAnswers } from "./passing-answers.ts";
import { namesIn } from "./private-names.ts";
import type { ScanRules } from "./scan-rules.ts";
import { TrafficScanner } from "./traffic-scanner.ts";

/** The service by which VMs with the network `firewall` go. */
export const FIREWALL_SERVICE = "firewall";

interface Options {
  /** @throws AppError service.not-found */
  firewall: () => FirewallService;
  /** Resolves when it is known which services there are; left out: it is known already. */
  opened?: Promise<void>;
  policy: Policy;
  policyChanges: PolicyChanges;
  audit: Pick<AuditLog, "append" | "end">;
  vms: () => readonly VmParty[];
  hostNetworks: HostNetworks;
  /** Whose address it is, of VMs' links; null: no VM's. */
  vmAt: (address: string) => VmId | null;
  stateFolder: string;
  /** VMs by their names, of whose names the person is asked on first use. */
  asks?: () => readonly string[];
  /** VMs by their names, all of which is scanned. */
  scans?: () => readonly string[];
  scanRules: Pick<ScanRules, "files" | "problem" | "on">;
  /** Which programs of a VM have asked for names that were refused. */
  programs?: (vm: VmId) => Promise<AskingPrograms>;
  /** Resolvers that the firewall asks; none: the host's. */
  dns?: () => readonly string[];
  /** As a person has written them: what is no name is passed over. */
  privateAnswers?: () => readonly string[];
  /** Why nobody knows what a person wants of the firewall: nothing passes then; null: it is known. */
  settingsProblem?: () => string | null;
}

export class Network {
  readonly filter: FirewallFilter;
  readonly flows: Flows;
  readonly history: FlowHistory;
  readonly scanner: TrafficScanner;
  readonly asks: AskQueue;
  readonly #passing: PassingAnswers;
  /** The page shows it. */
  isWatched = false;

  constructor({ stateFolder, ...options }: Options) {
    const { policy, vms } = options;
    const nameOf = (id: VmId): string | null => vms().find((vm) => vm.id === id)?.name ?? null;
    const vmNameAt = (address: string): string | null => {
      const vm = options.vmAt(address);
      return vm === null ? null : nameOf(vm);
    };
    const isVm = (name: string): boolean => vms().some((vm) => vm.name === name);
    const passing = new PassingAnswers(() => this.flows);
    const { asks: asking = () => [], scans: scanning = () => [], scanRules } = options;
    // What holds for a VM holds for disposables that are for it.
    const isAmong = (names: readonly string[], { name, forVm }: VmParty): boolean =>
      names.includes(name) || (forVm != null && names.includes(forVm.name));
    const asks = (vm: VmParty): boolean => isAmong(asking(), vm);
    const scans = (vm: VmParty): boolean => isAmong(scanning(), vm);
    const addRules: AddRules = (vm, list) => passing.addTo(vm, list);
    const rules = new NetworkRules({ policy, stateFolder, asks, scans, addRules });
    const privateNames = (): string[] => namesIn(options.privateAnswers?.() ?? []);
    this.filter = new FirewallFilter({
      ...options,
      ...{ rules, privateNames },
      scanRules: () => scanRules.files,
      openConnections: () => this.flows.openConnections,
    });
    const { filter } = this;
    this.flows = new Flows({ filter, rules, nameOf, vmNameAt, isVm });
    this.scanner = new TrafficScanner({ filter, rules: scanRules, nameOf, vmNameAt });
    this.history = new FlowHistory(stateFolder);
    this.history.keep(this.flows);
    const { policyChanges: changes, audit, programs = async () => new Map() } = options;
    this.asks = new AskQueue({ flows: this.flows, policy, changes, rules, passing, audit, asks, vms, programs });
    this.#passing = passing;
    passing.on("changed", () => filter.changed());
    scanRules.on("changed", () => filter.changed());
  }

  get view(): FilterView {
    return this.filter.view;
  }

  /** VMs, their labels or roles are not what they were. @param stopped those that do not run */
  vmsChanged(stopped: readonly VmId[]): void {
    for (const vm of stopped) this.#passing.stopped(vm);
    this.asks.look();
    this.filter.changed();
  }

  /** The application ends. */
  async close(): Promise<void> {
    this.filter.close();
    await this.history.flush();
  }
}
