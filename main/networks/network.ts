/** The networks of all VMs as one part of the application: its filter, who talks to what, and what a scanner has seen. */
import type { FilterView } from "#shared/model/network.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import { Alerts } from "./alerts.ts";
import { FirewallFilter, type FirewallService } from "./firewall-filter.ts";
import { FlowHistory } from "./flow-history.ts";
import { Flows } from "./flows.ts";
import type { HostNetworks } from "./host-networks.ts";
import { NetworkRules } from "./network-rules.ts";

interface Options {
  /** @throws AppError service.not-installed */
  firewall: () => FirewallService;
  policy: Policy;
  vms: () => readonly VmParty[];
  hostNetworks: HostNetworks;
  stateFolder: string;
  /** Resolvers that the firewall asks; none: the host's. */
  dns?: () => readonly string[];
}

export class Network {
  readonly filter: FirewallFilter;
  readonly flows: Flows;
  readonly history: FlowHistory;
  readonly alerts: Alerts;
  /** The page shows it. */
  isWatched = false;

  constructor({ stateFolder, ...options }: Options) {
    const { policy, vms } = options;
    const nameOf = (id: VmId): string | null => vms().find((vm) => vm.id === id)?.name ?? null;
    const rules = new NetworkRules({ policy, stateFolder });
    this.filter = new FirewallFilter({ ...options, rules });
    const { filter } = this;
    this.flows = new Flows({ filter, rules, nameOf });
    this.alerts = new Alerts({ filter, nameOf });
    this.history = new FlowHistory(stateFolder);
    this.history.keep(this.flows);
  }

  get view(): FilterView {
    return this.filter.view;
  }

  /** The application ends. */
  async close(): Promise<void> {
    this.filter.close();
    await this.history.flush();
  }
}
