/** How many processors a VM has for which nobody has chosen. */
import os from "node:os";
import type { Accelerator } from "#shared/model/vm.ts";

/**
 * The template's. An emulated processor is a busy thread of the host, and waking another one costs an emulated guest more
 * than a second processor wins it where the host has few cores: so at most half of the host's, the rest is the desktop's.
 */
export function defaultProcessors(
  ofTemplate: number,
  accelerator: Accelerator,
  hostCores = os.availableParallelism(),
): number {
  return accelerator === "kvm" ? ofTemplate : Math.min(ofTemplate, Math.max(1, Math.floor(hostCores / 2)));
}
