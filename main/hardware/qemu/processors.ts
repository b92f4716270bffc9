/** Default vCPU count. */
import os from "node:os";
import type { Accelerator } from "#shared/model/vm.ts";

/**
 * As many as the template says. An emulated vCPU keeps a thread of the host busy, and on a host with few cores waking a
 * second vCPU costs an emulated guest more than it gains: so at most half of the host's cores, the rest is left to the desktop.
 */
export function defaultProcessors(
  templateCpus: number,
  accelerator: Accelerator,
  hostCores = os.availableParallelism(),
): number {
  return accelerator === "kvm" ? templateCpus : Math.min(templateCpus, Math.max(1, Math.floor(hostCores / 2)));
}
