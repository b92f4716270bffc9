import { expect, it } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { factOf, machineOf } from "./facts.ts";

const vm = (change: Partial<VmStatus>): VmStatus =>
  ({ state: "running", stateReason: null, networkDetail: "", windows: 2, ...change }) as VmStatus;

it("a VM of which a window wants to be looked at needs the person, unless something is wrong with it", () => {
  expect(factOf(vm({}))).toEqual({ text: "2 windows", tone: "quiet" });
  expect(factOf(vm({}), true)).toEqual({ text: "needs you", tone: "wanting" });
  expect(factOf(vm({ stateReason: "agent-exited" }), true).tone).toBe("bad");
  expect(factOf(vm({ state: "paused" }), true).text).toBe("paused");
});

it("a VM whose network waits says so, unless it has more to say", () => {
  const networkDetail = "Its network waits for the firewall: it starts.";
  expect(factOf(vm({ networkDetail }))).toEqual({ text: "network waits", tone: "busy" });
  expect(factOf(vm({ networkDetail }), true).text).toBe("needs you");
  expect(factOf(vm({ networkDetail, state: "paused" })).text).toBe("paused");
});

it("a network that goes by no firewall is marked", () => {
  const machine = { template: "debian", accelerator: "kvm", role: "app", origin: "cold" } as const;
  expect(machineOf(vm({ ...machine, network: "direct" }))).toContain("direct network, without the firewall");
  expect(machineOf(vm({ ...machine, network: "firewall" }))).toContain("network behind the firewall");
  expect(machineOf(vm({ ...machine, network: "firewall", via: "vpn" }))).toContain(
    "network by vpn, behind the firewall",
  );
  expect(machineOf(vm({ ...machine, network: "direct", via: "vpn" }))).toContain("direct network, without");
  const forVm = "00000000-0000-4000-8000-000000000001" as VmId;
  expect(machineOf(vm({ ...machine, network: "firewall", forVm }))).toContain("firewall, as of the VM that it is for");
});

it("of a disposable its menu says what it began from", () => {
  const disposable = { template: "debian", network: "none", accelerator: "kvm", role: "disposable" } as const;
  expect(machineOf(vm({ ...disposable, origin: "fork" }))).toBe(
    "debian · no network · KVM · forked from a memory snapshot",
  );
  expect(machineOf(vm({ ...disposable, role: "app", origin: "cold" }))).toBe("debian · no network · KVM");
});
