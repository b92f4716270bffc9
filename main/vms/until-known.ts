/** Commands that come while the application starts: they wait until it is known whether the VMs that they are about run. */
import type { RequestName } from "#shared/ipc/index.ts";
import type { VmList } from "./each-vm.ts";

/** Requests that are answered with the states of all VMs. */
const OF_ALL: ReadonlySet<string> = new Set(["vm.list"] satisfies RequestName<"cli">[]);
/** Orders that wait by themselves, within the time that the caller gives them, and try again what cannot be reached. */
const WAITING: ReadonlySet<string> = new Set([
  "vm.start",
  "vm.stop",
  "vm.kill",
  "vm.pause",
  "vm.resume",
  "vm.remove",
] satisfies RequestName<"cli">[]);
/** Fields in which a request names a VM. */
const NAMING = ["vm", "from", "to", "forVm"];

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
  await application.defined;
  if (WAITING.has(method)) return;
  const fields = Object(untrustedInput) as Record<string, unknown>;
  const named = new Set(NAMING.map((field) => fields[field]));
  const awaited = application.vms.filter(
    ({ id, definition }) => OF_ALL.has(method) || named.has(id) || named.has(definition.name),
  );
  await Promise.all(awaited.map((vm) => vm.adoptionOver()));
}
