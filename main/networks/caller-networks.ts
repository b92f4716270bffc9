/** A disposable reaches no network that the VM it was made for does not reach, also when that VM's network changes meanwhile. */
import { narrowerNetwork, type VmId, type VmNetwork, type VmStatus } from "#shared/model/vm.ts";
import type { ServedVm } from "./service-networks.ts";

export interface CallingVm extends ServedVm {
  readonly status: ServedVm["status"] & Pick<VmStatus, "forVm" | "name">;
}

/** The VMs with the networks that they may have now. What is asked of one later is answered as it is then. */
export function narrowedByCallers(vms: () => readonly CallingVm[]): readonly ServedVm[] {
  const find = (id: VmId): CallingVm | undefined => vms().find((vm) => vm.id === id);
  return vms().map((vm) => {
    const { forVm } = vm.status;
    return forVm === undefined ? vm : new NarrowedVm(vm, () => find(forVm));
  });
}

class NarrowedVm implements ServedVm {
  readonly #vm: CallingVm;
  readonly #caller: () => CallingVm | undefined;

  /** @param caller undefined: it is gone, and nothing of its rules is left */
  constructor(vm: CallingVm, caller: () => CallingVm | undefined) {
    this.#vm = vm;
    this.#caller = caller;
  }

  get id(): VmId {
    return this.#vm.id;
  }

  get nics(): ServedVm["nics"] {
    return this.#vm.nics;
  }

  get isOn(): boolean {
    return this.#vm.isOn;
  }

  get status(): ServedVm["status"] {
    return { ...this.#vm.status, network: this.#network };
  }

  tellNetwork(detail: string): void {
    const isCut = this.#network === "none" && this.#vm.status.network !== "none";
    this.#vm.tellNetwork(isCut ? this.#reason : detail);
  }

  get #network(): VmNetwork | null {
    const own = this.#vm.status;
    const caller = this.#caller()?.status;
    if (own.network === null) return null;
    const network = narrowerNetwork(own.network, caller?.network ?? "none");
    // The same way, too: past a VPN it would be a wider one.
    return caller?.network === "firewall" && caller.via !== own.via ? "none" : network;
  }

  get #reason(): string {
    const caller = this.#caller();
    if (caller === undefined) return "Its network is cut: the VM that it is for is gone.";
    const { name, network } = caller.status;
    return `Its network is cut: "${name}", which it is for, ${network === "firewall" ? "goes another way now" : "has none now"}.`;
  }
}
