/** A VM that shall open something runs first. */
import { AppError } from "#shared/model/app-error.ts";
import { waitFor } from "../base/waiting.ts";
import type { Vm } from "../vms/vm.ts";

/** How long its agent may take to say hello: a VM that is emulated beside others takes a minute. */
const START_MS = 180_000;

/**
 * Starts it where it is off. Resolves when its agent answers.
 * @param starting it does not run yet
 * @throws AppError vm.*, template.*, hardware.*; the reason of `signal`
 */
export async function untilRunning(vm: Vm, starting: () => void, signal: AbortSignal | undefined): Promise<void> {
  await vm.adopted();
  if (vm.state === "running") return;
  starting();
  if (!vm.isUnderWay) await vm.start();
  const late = new AbortController();
  try {
    await waitFor({
      listen: ({ resolve, reject }) => {
        vm.running(late.signal).then(resolve, reject);
        return () => late.abort();
      },
      timeoutMs: START_MS,
      onTimeout: ({ reject }) => {
        const { name } = vm.definition;
        reject(
          new AppError("vm.timeout", `VM "${name}" has not come up within ${START_MS / 1000} s: look at its menu.`, {
            vm: name,
          }),
        );
      },
      signal,
    });
  } finally {
    late.abort();
  }
}
