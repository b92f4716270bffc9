/**
 * A shutdown that a person asks for is waited for, seconds, so that they see when it fails. Within this the guest is asked,
 * its power button pressed and its power cut; see main/vms/vm.ts.
 */
export const STOP_WAIT_S = 60;
