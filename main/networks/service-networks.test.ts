import { beforeEach, expect, it } from "vitest";
import type { VmId, VmNetwork, VmRole } from "#shared/model/vm.ts";
import { type ServedVm, ServiceNetworks } from "./service-networks.ts";

interface TestVm extends ServedVm {
  status: { network: VmNetwork; role: VmRole; via?: string };
  detail: string;
}

let vms: TestVm[];
/** The VMs of each service's networks, as they were last looked at. */
let seen: Record<string, string[]>;
let closed: string[];
let units: Record<string, object | null>;
let networks: ServiceNetworks;

function vm(name: string, via: string | undefined, role: VmRole = "work", network: VmNetwork = "firewall"): TestVm {
  const made: TestVm = {
    id: name as VmId,
    nics: null,
    isOn: false,
    status: { network, role, ...(via === undefined ? {} : { via }) },
    detail: "",
    tellNetwork: (detail) => (made.detail = detail),
  };
  vms.push(made);
  return made;
}

beforeEach(() => {
  [vms, seen, closed, units] = [[], {}, [], { vpn: {}, other: {} }];
  const roles: Record<string, readonly VmRole[]> = { vpn: ["work"], other: ["work", "app"] };
  networks = new ServiceNetworks({
    vms: () => vms,
    serves: (service) => roles[service] ?? null,
    unit: (service) => units[service] ?? null,
    make: (service, own) => ({
      look: () => (seen[service] = own().map(({ id }) => id)),
      close: () => closed.push(service),
    }),
  });
});

it("each service has the VMs that go by it, and is there once one does", () => {
  vm("home", undefined, "app");
  networks.look();
  expect(seen).toEqual({});
  const work = vm("work", "vpn");
  vm("desk", "other", "app");
  networks.look();
  expect(seen).toEqual({ vpn: ["work"], other: ["desk"] });
  work.status = { network: "firewall", role: "work", via: "other" };
  networks.look();
  expect(seen).toEqual({ vpn: [], other: ["work", "desk"] });
  networks.close();
  expect(closed).toEqual(["vpn", "other"]);
});

it("are made anew for another unit of a service, as after an update, and closed without one", () => {
  vm("work", "vpn");
  networks.look();
  networks.look();
  expect([seen, closed]).toEqual([{ vpn: ["work"] }, []]);
  [seen, units["vpn"]] = [{}, {}];
  networks.look();
  expect([seen, closed]).toEqual([{ vpn: ["work"] }, ["vpn"]]);
  [seen, units["vpn"]] = [{}, null];
  networks.look();
  expect([seen, closed]).toEqual([{}, ["vpn", "vpn"]]);
  units["vpn"] = {};
  networks.look();
  expect(seen).toEqual({ vpn: ["work"] });
});

it("a VM has no link where the service is not there, or does not serve its role, and says why", () => {
  const [lost, app] = [vm("lost", "nothing"), vm("app", "vpn", "app")];
  networks.look();
  expect(lost.detail).toBe('Its network is cut: there is no service "nothing".');
  expect(app.detail).toBe('Its network is cut: service "vpn" does not serve VMs of role app.');
  expect((["app", "work"] as const).map((role) => networks.refusesRole("vpn", role))).toEqual([true, false]);
  expect([networks.servedBy("nothing"), networks.servedBy("vpn"), seen]).toEqual([[], [], {}]);
  app.status = { network: "firewall", role: "work", via: "vpn" };
  networks.look();
  expect(seen).toEqual({ vpn: ["app"] });
});

it("what a direct network, or none, would go by does not count", () => {
  vm("direct", "vpn", "work", "direct");
  vm("none", "vpn", "work", "none");
  networks.look();
  expect([networks.servedBy("vpn"), seen]).toEqual([[], {}]);
});
