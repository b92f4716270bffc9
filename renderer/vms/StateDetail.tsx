/** Why a VM is in its state: the host's words, or what the VM itself said last, as a quotation. */
import { isGuestsWord, type VmStatus } from "#shared/model/vm.ts";
import { GuestText } from "../ui/GuestText.tsx";

/** With a `stateDetail` only. */
export function StateDetail({ vm }: { vm: VmStatus }) {
  if (!isGuestsWord(vm)) return vm.stateDetail;
  return (
    <>
      {vm.name} said last: <GuestText text={vm.stateDetail} />
    </>
  );
}
