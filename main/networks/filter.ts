/** What the links' owner (networks.ts) needs of whoever filters: the firewall's service VM. */
import type { FirewallLink, FirewallState } from "#shared/model/firewall.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";

/** A link without its rules: the filter puts them in by the VM's id. */
export interface FilteredLink extends Omit<FirewallLink, "rules"> {
  readonly vm: VmId;
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
  /** The links that are to be; told to the program with their rules. */
  setLinks(links: readonly FilteredLink[], uplink: FirewallState["uplink"]): void;
  /** Starts the VM unless it runs; rejects where it cannot. */
  start(): Promise<void>;
  on<Name extends keyof FilterEvents>(name: Name, listener: (...args: FilterEvents[Name]) => void): () => void;
}
