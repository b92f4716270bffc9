/** Puts the networks' parts together, and joins them with the VMs, their services and the policy. */
import path from "node:path";
import type { VmId, VmRole, VmState } from "#shared/model/vm.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { log } from "../base/log.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";
import type { Vm } from "../vms/vm.ts";
import type { AskingPrograms } from "./asking-programs.ts";
import { type CallingVm, narrowedByCallers } from "./caller-networks.ts";
import type { FirewallProgram } from "./firewall-filter.ts";
import type { HostNetworks } from "./host-networks.ts";
import type { LinkIndices } from "./link-indices.ts";
import { FIREWALL_SERVICE, Network } from "./network.ts";
import { Networks } from "./networks.ts";
import { relayStarter } from "./relay.ts";
import type { ScanRules } from "./scan-rules.ts";
import { ServiceFilter, type ServingProgram } from "./service-filter.ts";
import { goesByService, type ServedVm, ServiceNetworks } from "./service-networks.ts";
import { chosenUplink, passtCommand } from "./uplink.ts";

/** The service VMs, as far as networks use them: the firewall, and those by which VMs go to it. */
interface NetworkServices {
  /** Resolves when it is known which there are. */
  readonly opened: Promise<void>;
  /** @throws AppError service.not-found */
  unit(name: string): {
    readonly vm: Vm;
    by(right: "network-rules" | "serves"): FirewallProgram & ServingProgram;
    start(): Promise<void>;
  };
  /** Roles of the VMs that it may serve; null: there is no such service. */
  rolesServedBy(name: string): readonly VmRole[] | null;
  /** A setting of a service that is a list. */
  listOf(service: string, setting: string): readonly string[];
  /** One that is a text; "": there is none. */
  textOf(service: string, setting: string): string;
  /** Why nobody knows what a person wants of it; null: it is known. */
  settingsProblem(service: string): string | null;
  /** Which there are, what they run as, or their settings. */
  on(event: "configured", listener: () => void): unknown;
}

interface Parts {
  application: {
    readonly vms: readonly (CallingVm & { readonly isOn: boolean; readonly state: VmState })[];
    readonly parties: readonly VmParty[];
    readonly ending: AbortSignal;
    on(event: "changed", listener: () => void): unknown;
  };
  services: NetworkServices;
  /** VMs that are of no list yet, whose numbers are kept all the same. */
  apart: () => readonly VmId[];
  policy: Policy;
  policyChanges: PolicyChanges;
  audit: AuditLog;
  hostNetworks: HostNetworks;
  indices: LinkIndices;
  scanRules: ScanRules;
  stateFolder: string;
  /** Where the programs of Atoll's own are. */
  programs: () => string;
  /** Which programs of a VM have asked for names that were refused. */
  askingPrograms: (vm: VmId) => Promise<AskingPrograms>;
}

export interface CreatedNetworks {
  network: Network;
  /** Whether a VM of this role gets no network by that service. */
  refusesRole(service: string, role: VmRole): boolean;
  /** From now on VMs are joined with what their definitions say. What is read from disk must have been read. */
  open(): void;
  /** VMs run on, without a network. */
  close(): Promise<void>;
}

export function createNetworks(parts: Parts): CreatedNetworks {
  const { application, services, indices, programs } = parts;
  const setting = (name: string) => (): readonly string[] => services.listOf(FIREWALL_SERVICE, name);
  const network = new Network({
    ...parts,
    firewall: () => {
      const unit = services.unit(FIREWALL_SERVICE);
      return { vm: unit.vm, program: unit.by("network-rules"), start: () => unit.start() };
    },
    opened: services.opened,
    vms: () => application.parties,
    vmAt: (address) => indices.vmAt(address),
    dns: setting("dns"),
    privateAnswers: setting("privateAnswers"),
    asks: setting("ask"),
    scans: setting("scan"),
    programs: parts.askingPrograms,
    settingsProblem: () => services.settingsProblem(FIREWALL_SERVICE),
  });
  const linkParts = {
    known: () => [...application.vms.map(({ id }) => id), ...parts.apart()],
    indices,
    ending: application.ending,
    startRelay: relayStarter(() => path.join(programs(), "atoll-relay")),
    uplinkCommand: passtCommand,
    log,
  };
  const vms = (): readonly ServedVm[] => narrowedByCallers(() => application.vms);
  const networks = new Networks({
    ...linkParts,
    vms: () => vms().filter((vm) => !goesByService(vm)),
    filter: network.filter,
    filterUplink: () => {
      const problem = services.settingsProblem(FIREWALL_SERVICE);
      return problem === null ? chosenUplink(services.textOf(FIREWALL_SERVICE, "uplink")) : { options: [], problem };
    },
  });
  const unitOf = (service: string): object | null => {
    try {
      return services.unit(service);
    } catch {
      return null;
    }
  };
  const serviceNetworks = new ServiceNetworks({
    vms,
    serves: (service) => (service === FIREWALL_SERVICE ? null : services.rolesServedBy(service)),
    unit: unitOf,
    make: (name, served) => {
      const unit = services.unit(name);
      const filter = new ServiceFilter({
        name,
        vm: unit.vm,
        program: unit.by("serves"),
        start: () => unit.start(),
      });
      const own = new Networks({
        ...linkParts,
        vms: served,
        filter,
        filterName: `service "${name}"`,
        filterHasUplink: false,
      });
      const close = (): void => {
        own.close();
        filter.close();
      };
      return { look: () => own.look(), close };
    },
  });
  const stopped = (): VmId[] => application.vms.flatMap((vm) => (vm.isOn ? [] : [vm.id]));
  return {
    network,
    refusesRole: (service, role) => serviceNetworks.refusesRole(service, role),
    open: () => {
      parts.hostNetworks.watch();
      parts.scanRules.watch();
      // An interface by which the uplink shall go may have come, or gone.
      parts.hostNetworks.on("changed", () => networks.look());
      services.on("configured", () => {
        network.vmsChanged([]);
        networks.look();
        serviceNetworks.look();
      });
      application.on("changed", () => {
        network.vmsChanged(stopped());
        networks.look();
        serviceNetworks.look();
      });
    },
    close: async () => {
      networks.close();
      serviceNetworks.close();
      await network.close();
    },
  };
}
