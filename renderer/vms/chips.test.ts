import { expect, it } from "vitest";
import type { VmRole, VmState, VmStatus } from "#shared/model/vm.ts";
import { chipsOf } from "./chips.ts";

const vm = (name: string, role: VmRole, state: VmState): VmStatus =>
  ({ name, role, state, template: role === "service" ? name : "debian" }) as VmStatus;
const namesOf = (vms: readonly VmStatus[]): string[] => vms.map(({ name }) => name);

it("services come after a person's own VMs, and only while they are used or their image is built", () => {
  const vms = [
    vm("antivirus", "service", "stopped"),
    vm("firewall", "service", "stopped"),
    vm("home", "app", "running"),
    vm("web", "app", "stopped"),
  ];
  expect(namesOf(chipsOf(vms, {}))).toEqual(["home", "web"]);
  expect(namesOf(chipsOf(vms, { firewall: {}, debian: {} }))).toEqual(["home", "web", "firewall"]);
  const running = vms.map((one) => (one.name === "firewall" ? { ...one, state: "running" as const } : one));
  expect(namesOf(chipsOf(running, {}))).toEqual(["home", "web", "firewall"]);
});
