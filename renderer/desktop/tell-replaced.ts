/** Tells the person that Atoll was updated while it runs: what is there goes on, and nothing new can be started. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { Shell } from "../shell/shell.ts";

export function tellReplaced({ notices }: Pick<Shell, "notices">, bridge: Pick<AtollBridge, "request">) {
  return (): void => {
    const run = (): void => void bridge.request("desktop.quit", { vms: "keep", again: true });
    notices.tell("Atoll was updated. It starts nothing new until it was restarted; VMs that run go on.", {
      isGood: true,
      action: { text: "Restart Atoll", run },
    });
  };
}
