import { beforeEach, describe, expect, it } from "vitest";
import type { VmId, VmNetwork } from "#shared/model/vm.ts";
import { type CallingVm, narrowedByCallers } from "./caller-networks.ts";

interface TestVm extends CallingVm {
  status: CallingVm["status"];
  detail: string;
}

let vms: TestVm[];

function vm(name: string, network: VmNetwork, more: Partial<CallingVm["status"]> = {}): TestVm {
  const made: TestVm = {
    id: name as VmId,
    nics: null,
    isOn: false,
    status: { name, network, role: "app", ...more },
    detail: "",
    tellNetwork: (detail) => (made.detail = detail),
  };
  vms.push(made);
  return made;
}

const networkOf = (id: string): VmNetwork | null | undefined =>
  narrowedByCallers(() => vms).find((one) => one.id === id)?.status.network;

beforeEach(() => (vms = []));

it("a VM that is for no other has the network of its definition", () => {
  const web = vm("web", "direct");
  expect(narrowedByCallers(() => vms)).toEqual([web]);
});

describe("a disposable that is for a VM", () => {
  const forWeb = { forVm: "web" as VmId, role: "disposable" } as const;

  it.each([
    ["firewall", "firewall", "firewall"],
    ["firewall", "direct", "firewall"],
    ["firewall", "none", "none"],
    ["direct", "firewall", "firewall"],
    ["direct", "direct", "direct"],
    ["none", "direct", "none"],
  ] as const)("that has %s reaches no more than one that has %s", (own, callers, expected) => {
    vm("web", callers);
    vm("disp-1", own, forWeb);
    expect(networkOf("disp-1")).toBe(expected);
  });

  it("is cut when that VM's network is none, and says so, also where it was asked for before", () => {
    const web = vm("web", "firewall");
    const disposable = vm("disp-1", "firewall", forWeb);
    const [, narrowed] = narrowedByCallers(() => vms);
    narrowed?.tellNetwork("It waits.");
    expect([narrowed?.status.network, disposable.detail]).toEqual(["firewall", "It waits."]);
    web.status = { ...web.status, network: "none" };
    narrowed?.tellNetwork("");
    expect([narrowed?.status.network, disposable.detail]).toEqual([
      "none",
      'Its network is cut: "web", which it is for, has none now.',
    ]);
    web.status = { ...web.status, network: "firewall" };
    narrowed?.tellNetwork("");
    expect([narrowed?.status.network, disposable.detail]).toEqual(["firewall", ""]);
  });

  it("is cut when that VM is gone", () => {
    const web = vm("web", "direct");
    const disposable = vm("disp-1", "direct", forWeb);
    const [, narrowed] = narrowedByCallers(() => vms);
    vms = vms.filter((one) => one !== web);
    narrowed?.tellNetwork("");
    expect([narrowed?.status.network, disposable.detail]).toEqual([
      "none",
      "Its network is cut: the VM that it is for is gone.",
    ]);
  });

  it("is cut when that VM goes by another service, which it does not go by", () => {
    const web = vm("web", "firewall", { via: "vpn" });
    const disposable = vm("disp-1", "firewall", { ...forWeb, via: "vpn" });
    expect(networkOf("disp-1")).toBe("firewall");
    web.status = { ...web.status, via: "other" };
    const [, narrowed] = narrowedByCallers(() => vms);
    narrowed?.tellNetwork("");
    expect([narrowed?.status.network, disposable.detail]).toEqual([
      "none",
      'Its network is cut: "web", which it is for, goes another way now.',
    ]);
  });
});
