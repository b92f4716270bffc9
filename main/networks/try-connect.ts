/** Whether a VM reaches a destination: a program in it tries to connect, by the VM's own interface. */
import { waitFor } from "../base/waiting.ts";
import { Exec } from "../vms/exec.ts";
import type { Vm } from "../vms/vm.ts";

/** How long the guest tries, seconds. */
const TRY_S = 5;
/** Where nobody says another one. */
const DEFAULT_PORT = 443;

/** What bash's /dev/tcp takes as a host: no word of it is ever read as shell. */
const SCRIPT = 'exec 3<>"/dev/tcp/$1/$2"';

/** Resolves whether it was reached. @throws AppError vm.not-running, exec.failed, exec.lost */
export function tryConnect(vm: Vm, host: string, port: number | null): Promise<boolean> {
  const argv = ["timeout", String(TRY_S), "bash", "-c", SCRIPT, "connect", host, String(port ?? DEFAULT_PORT)];
  const exec = new Exec(vm, argv, null);
  exec.endInput();
  return waitFor<boolean>({
    listen: ({ resolve, reject }) => {
      const ends = [
        exec.on("output", (stream, bytes) => exec.grant(stream, bytes.length)),
        exec.on("exited", ({ code, signal }) => resolve(code === 0 && signal === 0)),
        exec.on("failed", reject),
      ];
      return () => ends.forEach((end) => end());
    },
  });
}
