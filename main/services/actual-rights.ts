/** What a service's VM has in fact: the interfaces of its machine, as its driver says, and what its program was told. */
import { HOST_RIGHTS } from "#shared/model/service.ts";
import type { VmId, VmRole, VmStatus } from "#shared/model/vm.ts";
import type { MachineNics } from "../hardware/driver.ts";
import { OWN_NIC, twinNic, UPLINK_NIC } from "../networks/addresses.ts";
import type { ProgramRight } from "./gated-program.ts";
import type { ActualRights } from "./rights.ts";

interface ActualRightsParts {
  /** Of the service's VM. */
  vm: { readonly nics: MachineNics | null; readonly status: Pick<VmStatus, "network"> };
  /** Of its program. */
  usedRights: ReadonlySet<ProgramRight>;
  /** All that there are. */
  vms: readonly { readonly id: VmId; readonly status: { readonly role: VmRole } }[];
  /** The number of a VM's link; undefined: it has never had one. */
  linkOf: (vm: VmId) => number | undefined;
}

/** null: its machine does not run, or does not answer. */
export async function actualRights({ vm, usedRights, vms, linkOf }: ActualRightsParts): Promise<ActualRights | null> {
  const ids = await vm.nics?.list().then(
    (list) => new Set(list),
    () => undefined,
  );
  if (ids === undefined) return null;
  const roles = vms.flatMap(({ id, status: { role } }) => {
    const index = linkOf(id);
    // Services have theirs by a right of their own.
    return index !== undefined && ids.has(twinNic(index).id) && role !== "service" ? [role] : [];
  });
  const isDirect = vm.status.network === "direct";
  return {
    uplink: ids.has(UPLINK_NIC) || (ids.has(OWN_NIC) && isDirect),
    firewall: ids.has(OWN_NIC) && !isDirect,
    serves: [...new Set(roles)],
    host: HOST_RIGHTS.filter((right) => usedRights.has(right)),
  };
}
