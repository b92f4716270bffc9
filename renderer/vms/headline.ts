/** How the VMs are together, in a few words. Pure. */
import type { VmStatus } from "#shared/model/vm.ts";

export function headline(vms: readonly VmStatus[]): string {
  if (vms.length === 0) return "There is no VM yet";
  if (vms.some((vm) => vm.state === "running")) return "Calm water";
  const starting = vms.filter((vm) => vm.state === "starting");
  if (starting.length > 1) return `${starting.length} VMs are starting`;
  if (starting[0] !== undefined) return `“${starting[0].name}” is starting`;
  return "No VM is running";
}
