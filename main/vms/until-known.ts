/** Commands that come while the application starts: they wait until what they are about is known, as their declarations say. */
import { z } from "zod";
import type { Domain, Request } from "#shared/ipc/declare.ts";
import { vmId, vmReference } from "#shared/ipc/fields.ts";
import { contract } from "#shared/ipc/index.ts";
import type { VmList } from "./each-vm.ts";

const REQUESTS = new Map<string, Request>(
  Object.values<Domain>(contract).flatMap(({ requests }) => Object.entries(requests)),
);

/**
 * Resolves when the VMs are known, and of those that the request names whether an earlier run of the application left them
 * running. One that cannot be reached is waited for no longer than its driver tries: what is known of it is the answer.
 *
 * @param untrustedInput not parsed yet: a word that is no VM's is not waited for
 */
export async function untilKnown(
  application: Pick<VmList, "vms"> & { readonly defined: Promise<void> },
  method: string,
  untrustedInput: unknown,
): Promise<void> {
  const request = REQUESTS.get(method);
  if (request === undefined) return;
  const { input, waitsFor = "named" } = request;
  if (waitsFor === "nothing") return;
  await application.defined;
  if (waitsFor === "vms") return;
  const named = new Set(vmsNamedIn(input, untrustedInput));
  const awaited = application.vms.filter(
    ({ id, definition }) => waitsFor === "all" || named.has(id) || named.has(definition.name),
  );
  await Promise.all(awaited.map((vm) => vm.adoptionOver()));
}

/** What stands in the input where its schema has a VM. */
function vmsNamedIn(schema: z.core.$ZodType, untrusted: unknown): unknown[] {
  if (schema === vmReference || schema === vmId) return [untrusted];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return vmsNamedIn(schema.unwrap(), untrusted);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => vmsNamedIn(option, untrusted));
  if (!(schema instanceof z.ZodObject)) return [];
  const fields: Record<string, z.core.$ZodType> = schema.shape;
  const values = Object(untrusted) as Record<string, unknown>;
  return Object.entries(fields).flatMap(([name, field]) => vmsNamedIn(field, values[name]));
}
