/** Shutting a VM down, by hand: a person is told when it fails, also when that takes a while. */
import type { VmId } from "#shared/model/vm.ts";
import { order } from "../desktop/bridge.ts";

/** The guest is asked, its power button pressed and its power cut within this, see main/vms/vm.ts. */
const STOP_WAIT_S = 60;

export function shutDown(vm: VmId): void {
  order("vm.stop", { vm, waitS: STOP_WAIT_S });
}
