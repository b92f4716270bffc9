/** What is said over a frozen window. Pure. */
import type { VmStateReason, VmStatus } from "#shared/model/vm.ts";
import type { Frozen } from "./state.ts";

const CRASHES: Partial<Readonly<Record<VmStateReason, string>>> = {
  killed: "was killed",
  "machine-exited": "has ended: its machine is gone",
  "guest-panic": "has ended: its kernel panicked",
};

/** The window knows how its link ended; its VM, whose end may be the cause, knows better. */
export function frozenWords(frozen: Frozen, vm: VmStatus | undefined): { title: string; detail: string } {
  const name = vm === undefined ? "this VM" : `“${vm.name}”`;
  if (frozen.reason === "protocol-violation")
    return { title: `Cut off: ${name} broke the protocol`, detail: frozen.detail };
  // Its link is killed after a breach, sometimes before the page has heard its last word.
  if (vm?.stateReason === "protocol-violation")
    return { title: `Cut off: ${name} broke the protocol`, detail: vm.stateDetail };
  if (vm?.state === "crashed" && vm.stateReason !== null)
    return { title: `${name} ${CRASHES[vm.stateReason] ?? "has crashed"}`, detail: vm.stateDetail };
  return { title: `The connection to ${name} is lost`, detail: frozen.detail };
}
