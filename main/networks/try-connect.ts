/** Whether a VM reaches a destination: a program in it tries to connect, by the VM's own interface. */
import { runInGuest } from "../vms/guest-command.ts";
import type { Vm } from "../vms/vm.ts";

/** How long the guest tries, seconds. */
const TRY_S = 5;
/** Where nobody says another one. */
const DEFAULT_PORT = 443;

/** What bash's /dev/tcp takes as a host: no word of it is ever read as shell. */
const SCRIPT = 'exec 3<>"/dev/tcp/$1/$2"';

/** Resolves whether it was reached. @throws AppError vm.not-running, exec.failed, exec.lost */
export async function tryConnect(vm: Vm, host: string, port: number | null): Promise<boolean> {
  const argv = ["timeout", String(TRY_S), "bash", "-c", SCRIPT, "connect", host, String(port ?? DEFAULT_PORT)];
  return (await runInGuest(vm, argv)).how === "done";
}
