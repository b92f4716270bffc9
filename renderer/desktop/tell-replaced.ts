/** Tells the person that Atoll was updated while it runs: what is there goes on, and nothing new can be started. */
import type { Shell } from "../shell/shell.ts";

export function tellReplaced({ notices, send }: Pick<Shell, "notices" | "send">) {
  return (): void => {
    const run = (): void => send("desktop.quit", { vms: "keep", again: true });
    notices.tell("Atoll was updated. It starts nothing new until it was restarted; VMs that run go on.", {
      isGood: true,
      action: { text: "Restart Atoll", run },
    });
  };
}
