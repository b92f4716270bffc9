/** Connections for tests of their views. */
import type { ShownFlow } from "#shared/model/network.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";

export function vmStatus(name: string, change: Partial<VmStatus> = {}): VmStatus {
  return {
    ...{ id: name as VmId, name, label: "coral", template: "debian", driver: "qemu", state: "running" },
    ...{ stateReason: null, role: "app", network: "firewall", windows: 0, uptimeS: 1, accelerator: "kvm" },
    ...{ startPhase: null, origin: "cold", networkDetail: "", stateDetail: "" },
    ...change,
  };
}

export function shownFlow(key: string, change: Partial<ShownFlow> = {}): ShownFlow {
  return {
    ...{ key, vmId: "web" as VmId, vm: "web", name: "good.example", address: "198.18.0.1", toVm: null },
    ...{
      port: 443,
      protocol: "tcp",
      bytesOut: 100,
      bytesIn: 1_000,
      state: "open",
      verdict: "allow",
      reason: "",
      ageS: 1,
    },
    ...{ count: 1, rateOut: 0, rateIn: 0, endedMs: null },
    rule: {
      id: "rule:1",
      revision: 1,
      line: 41,
      text: "action: net.connect, from: web, to: @internet, decision: allow",
    },
    ...change,
  };
}

export function deniedFlow(key: string, change: Partial<ShownFlow> = {}): ShownFlow {
  return shownFlow(key, {
    ...{ name: "bad.example", address: null, port: null, protocol: "dns", bytesIn: 0, bytesOut: 0 },
    ...{ state: "closed", verdict: "deny", endedMs: 1 },
    rule: { id: "builtin:default-deny", revision: 1, line: null, text: "no rule allows it" },
    ...change,
  });
}
