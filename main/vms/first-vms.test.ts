import { expect, it } from "vitest";
import { VM_ROLES, type VmId, type VmRole } from "#shared/model/vm.ts";
import { DEFAULT_POLICY } from "../policy/default-policy.ts";
import { evaluate } from "../policy/evaluate.ts";
import { readPolicy } from "../policy/policy-file.ts";
import { crossingOf } from "../policy/simulate.ts";
import { firstVms } from "./first-vms.ts";

const first = firstVms({ define: ({ driver = "qemu", ...options }) => ({ driver, ...options }) });

it("are behind the firewall, and start with the desktop", () => {
  const common = { driver: "qemu", network: "firewall", autostart: true };
  expect(first).toMatchObject([
    { name: "home", label: "lagoon", template: "debian", ...common },
    { name: "web", label: "coral", template: "debian-web", ...common },
  ]);
});

/** What the policy of the first start says of a connection. */
function decision(role: VmRole, to: string): string {
  const vm = { kind: "vm", id: "an-id" as VmId, name: "one", label: "lagoon", role, template: "debian" } as const;
  const read = readPolicy(DEFAULT_POLICY, "/policy.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  const crossing = crossingOf({ action: "net.connect", from: "one", to, type: null }, [vm]);
  const circumstances = {
    now: 0,
    boundTo: () => vm.id,
    hasScanner: () => false,
    isNear: () => false,
    addressesOf: () => [],
  };
  return evaluate(read.value.rules, crossing, circumstances).decision;
}

it("reach the internet by the first policy, as VMs of no other role do", () => {
  expect(first.map(({ role }) => role ?? "app")).toEqual(["app", "app"]);
  const reaching = VM_ROLES.filter((role) => decision(role, "example.org:443") === "allow");
  expect(reaching).toEqual(["app"]);
  expect(decision("app", "192.168.1.1")).toBe("deny");
});
