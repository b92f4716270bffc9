/** What stands in a definition for a VM that is run by QEMU. */
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { LEAST_MEMORY_WORDS, VM_CPUS, VM_MEMORY_MIB } from "#shared/model/vm.ts";
import type { MachineDefinition } from "../driver.ts";
import { type DriverType, parseOptions } from "../drivers.ts";

const fields = z.object({
  template: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
  /** MiB; null = the recipe's. */
  memory: z.int().min(VM_MEMORY_MIB.min, LEAST_MEMORY_WORDS).max(VM_MEMORY_MIB.max).nullable().default(null),
  /** null = the recipe's; of an emulated VM at most half of the host's cores. */
  cpus: z.int().min(VM_CPUS.min).max(VM_CPUS.max).nullable().default(null),
  network: z.literal("none", 'VMs have no network yet, so only "none" is possible').default("none"),
});

export const QEMU = { name: "qemu", fields } as const satisfies DriverType<typeof fields.shape>;

export type QemuFields = z.infer<typeof fields>;
export type QemuDefinition = MachineDefinition & QemuFields;

const request = z.object({
  template: z.string(),
  network: z.string().default("none"),
  /** The service whose VM it is: its image is no template of that name. */
  service: z.string().optional(),
});

/**
 * The fields of a new VM.
 *
 * @param checkTemplate throws where there is no such template
 * @throws AppError vm.network-unsupported, usage.bad-argument, and what `checkTemplate` throws
 */
export function defineQemuVm(untrustedOptions: unknown, checkTemplate: (name: string) => void): QemuFields {
  const { template, network, service } = parseOptions(request, untrustedOptions);
  if (network !== "none") {
    throw new AppError(
      "vm.network-unsupported",
      `Network "${network}" is not there yet: VMs have no network; use --network none.`,
      { network },
    );
  }
  if (service === undefined) checkTemplate(template);
  return parseOptions(fields, untrustedOptions);
}
