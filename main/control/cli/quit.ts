/** `atoll quit`: comes back when the application has gone, so that the next one can be started at once. */
import { AppError } from "#shared/model/app-error.ts";
import { ControlClient } from "./client.ts";

/** @throws AppError desktop.not-running; vm.not-stopped after the application has ended all the same */
export async function quit(vms: "stop" | "keep", again = false): Promise<void> {
  // It stays connected for as long as the application is there; who asks hangs up, as the application waits for that.
  const witness = await ControlClient.connect();
  const client = await ControlClient.connect();
  try {
    const { notStopped } = await client.call("desktop.quit", { vms, again });
    client.close();
    await witness.closed();
    if (notStopped.length === 0) return;
    throw new AppError(
      "vm.not-stopped",
      `Atoll has ended, and did not get these VMs to stop: ${notStopped.join(", ")}. The next start finds them again.`,
      { vms: notStopped },
    );
  } finally {
    client.close();
    witness.close();
  }
}
