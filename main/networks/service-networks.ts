/**
 * VMs whose network goes to the firewall by a service: each such service has networks of its own, whose links end in its VM. A VM
 * whose service is not there, or does not serve VMs of its role, has no link at all.
 */
import type { VmRole, VmStatus } from "#shared/model/vm.ts";
import type { NetworkedVm } from "./networks.ts";

export interface ServedVm extends NetworkedVm {
  readonly status: Pick<VmStatus, "network" | "role" | "via">;
}

/** The networks of one service. */
interface OwnNetworks {
  look(): void;
  close(): void;
}

export interface ServiceNetworksOptions {
  /** All that there are. */
  vms: () => readonly ServedVm[];
  /** Roles whose VMs the service may serve; null: there is no such service. */
  serves: (service: string) => readonly VmRole[] | null;
  /** What it runs as: another one after an update, or when it was installed again. null: it is not there. */
  unit: (service: string) => object | null;
  /** @param vms those that go by it now */
  make: (service: string, vms: () => readonly ServedVm[]) => OwnNetworks;
}

/** Whether the VM's frames go to a service before they go to the firewall. */
export function goesByService({ status: { network, via } }: ServedVm): boolean {
  return network === "firewall" && via !== undefined;
}

export class ServiceNetworks {
  readonly #options: ServiceNetworksOptions;
  /** With the unit that they were made for. */
  readonly #made = new Map<string, { readonly networks: OwnNetworks; readonly unit: object }>();

  constructor(options: ServiceNetworksOptions) {
    this.#options = options;
  }

  /** VMs are not what they were. */
  look(): void {
    for (const [service, { networks, unit }] of this.#made) {
      if (this.#options.unit(service) === unit) continue;
      networks.close();
      this.#made.delete(service);
    }
    for (const vm of this.#options.vms()) {
      const { via } = vm.status;
      if (via === undefined || !goesByService(vm)) continue;
      const refusal = this.#refusal(vm, via);
      if (refusal !== null) vm.tellNetwork(refusal);
      else if (!this.#made.has(via)) this.#make(via);
    }
    for (const { networks } of this.#made.values()) networks.look();
  }

  /** The VMs that go by it. */
  servedBy(service: string): readonly ServedVm[] {
    return this.#options
      .vms()
      .filter((vm) => goesByService(vm) && vm.status.via === service && this.#refusal(vm, service) === null);
  }

  /** Whether a VM of this role gets no network by that service. */
  refusesRole(service: string, role: VmRole): boolean {
    return this.#refusal({ status: { role } }, service) !== null;
  }

  close(): void {
    for (const { networks } of this.#made.values()) networks.close();
  }

  #make(service: string): void {
    const unit = this.#options.unit(service);
    if (unit === null) return;
    const networks = this.#options.make(service, () => this.servedBy(service));
    this.#made.set(service, { networks, unit });
  }

  #refusal({ status: { role } }: { status: Pick<VmStatus, "role"> }, service: string): string | null {
    const roles = this.#options.serves(service);
    if (roles === null) return `Its network is cut: there is no service "${service}".`;
    return roles.includes(role) ? null : `Its network is cut: service "${service}" does not serve VMs of role ${role}.`;
  }
}
