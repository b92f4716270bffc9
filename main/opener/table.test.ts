import { expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import { tableOf } from "./table.ts";

function vm(name: string, role: VmParty["role"]): VmParty {
  return { kind: "vm", id: name as VmId, name, label: "lagoon", role, template: "debian" };
}

it("has neither VMs of services nor disposables that run", () => {
  const vms = [vm("home", "app"), vm("firewall", "service"), vm("disp-1", "disposable")];
  const table = tableOf({ rules: [], vms, decide: () => "deny" });
  expect(table.columns.map(({ word }) => word)).toEqual(["@host", "home", "@disposable"]);
  expect(table.vms).toEqual(["home"]);
});
