/** The text of a frozen window's badge. Pure. */
import { isGuestsWord, type VmStateReason, type VmStatus } from "#shared/model/vm.ts";
import type { Frozen } from "./state.ts";

const CRASHES: Partial<Readonly<Record<VmStateReason, string>>> = {
  killed: "was killed",
  "machine-exited": "has ended: its machine is gone",
  "guest-panic": "has ended: its kernel panicked",
};

export interface FrozenWords {
  readonly title: string;
  readonly detail: string;
  /** `detail` is what the guest said last, to be quoted. */
  readonly isGuests?: true;
}

/** The window knows how its link ended; the VM's state, which may be the cause, says more. */
export function frozenWords(frozen: Frozen, vm: VmStatus | undefined): FrozenWords {
  const name = vm === undefined ? "this VM" : `“${vm.name}”`;
  if (frozen.reason === "protocol-violation")
    return { title: `Cut off: ${name} broke the protocol`, detail: frozen.detail };
  // A link is killed after a violation, sometimes before the page has received its last message.
  if (vm?.stateReason === "protocol-violation")
    return { title: `Cut off: ${name} broke the protocol`, detail: vm.stateDetail };
  if (vm?.state === "crashed" && vm.stateReason !== null) {
    const words = { title: `${name} ${CRASHES[vm.stateReason] ?? "has crashed"}`, detail: vm.stateDetail };
    return isGuestsWord(vm) ? { ...words, isGuests: true } : words;
  }
  return { title: `The connection to ${name} is lost`, detail: frozen.detail };
}
