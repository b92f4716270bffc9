import { expect, it } from "vitest";
import type { VmId, VmRole } from "#shared/model/vm.ts";
import { ScriptedNics } from "../networks/testing/scripted-links.ts";
import type { ProgramRight } from "./gated-program.ts";
import { actualRights } from "./actual-rights.ts";

const nothing = { serves: [], uplink: false, firewall: false, host: [] };

it("has the rights of which its machine has interfaces, and by which its program was told something", async () => {
  const nics = new ScriptedNics("words", () => undefined, []);
  const served = (role: VmRole, id: string) => ({ id: id as VmId, status: { role } });
  const parts = {
    vm: { nics, status: { network: "firewall" } },
    usedRights: new Set<ProgramRight>(["serves"]),
    vms: [served("work", "1"), served("app", "2"), served("service", "3"), served("vault", "unknown")],
    linkOf: (id: VmId) => (id === ("unknown" as VmId) ? undefined : Number(id)),
  } as const;
  expect(await actualRights(parts)).toEqual(nothing);
  Object.assign(nics.links, { nic: true, l1: false, l3: false });
  expect(await actualRights(parts)).toEqual({ ...nothing, firewall: true, serves: ["work"] });
  expect(await actualRights({ ...parts, vm: { nics, status: { network: "direct" } } })).toMatchObject({ uplink: true });
  nics.links["uplink"] = false;
  const usedRights = new Set<ProgramRight>(["scanned-files"]);
  expect(await actualRights({ ...parts, usedRights })).toMatchObject({ uplink: true, host: ["scanned-files"] });
  expect(await actualRights({ ...parts, vm: { nics: null, status: { network: "firewall" } } })).toBeNull();
  nics.list = () => Promise.reject(new Error("it does not answer"));
  expect(await actualRights(parts)).toBeNull();
});
