/** What stands in a definition for a VM that is run by QEMU. */
import { z } from "zod";
import { DEFAULT_TEMPLATE, LEAST_MEMORY_WORDS, VM_CPUS, VM_MEMORY_MIB, type VmNetwork } from "#shared/model/vm.ts";
import type { MachineDefinition } from "../driver.ts";
import { type DriverType, parseOptions } from "../drivers.ts";

const NETWORKS = ["none", "firewall", "direct"] as const satisfies readonly VmNetwork[];

const fields = z.object({
  template: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
  /** MiB; null = the recipe's. */
  memory: z.int().min(VM_MEMORY_MIB.min, LEAST_MEMORY_WORDS).max(VM_MEMORY_MIB.max).nullable().default(null),
  /** null = the recipe's; of an emulated VM at most half of the host's cores. */
  cpus: z.int().min(VM_CPUS.min).max(VM_CPUS.max).nullable().default(null),
  network: z.enum(NETWORKS, `must be one of: ${NETWORKS.join(", ")}`).default("none"),
  /** The service between it and the firewall; "none": there is none. */
  via: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "must be a service's name")
    .optional(),
});

export const QEMU = { name: "qemu", fields } as const satisfies DriverType<typeof fields.shape>;

export type QemuFields = z.infer<typeof fields>;
export type QemuDefinition = MachineDefinition & QemuFields;

const request = z.object({
  template: z.string().default(DEFAULT_TEMPLATE),
  /** The service whose VM it is: its image is no template of that name. */
  service: z.string().optional(),
});

/**
 * The fields of a new VM.
 *
 * @param checkTemplate throws where there is no such template
 * @throws AppError usage.bad-argument, and what `checkTemplate` throws
 */
export function defineQemuVm(untrustedOptions: unknown, checkTemplate: (name: string) => void): QemuFields {
  const { template, service } = parseOptions(request, untrustedOptions);
  if (service === undefined) checkTemplate(template);
  return parseOptions(fields, { ...(untrustedOptions as object), template });
}
