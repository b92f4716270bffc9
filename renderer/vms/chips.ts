/** Which VMs have a chip in the top bar, and in what order. Pure. */
import { isIdleService, type VmStatus } from "#shared/model/vm.ts";

/**
 * A person's own VMs first, then the services that work for them: one that nobody uses has no chip, one whose image is being
 * built has.
 *
 * @param builds templates that are being built, by name
 */
export function chipsOf(vms: readonly VmStatus[], builds: Readonly<Record<string, unknown>>): VmStatus[] {
  const isBeingBuilt = ({ template }: VmStatus): boolean => template !== null && Object.hasOwn(builds, template);
  const shown = vms.filter((vm) => !isIdleService(vm) || isBeingBuilt(vm));
  return [...shown.filter(({ role }) => role !== "service"), ...shown.filter(({ role }) => role === "service")];
}
