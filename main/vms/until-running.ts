/** A VM that is to open something runs first. */
import { AppError } from "#shared/model/app-error.ts";
import { deadline } from "../base/deadline.ts";
import type { Vm } from "./vm.ts";

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
  const { name } = vm.definition;
  const sentence = `VM "${name}" has not come up within ${START_MS / 1000} s: look at its menu.`;
  const limit = deadline(START_MS, () => new AppError("vm.timeout", sentence, { vm: name }), signal);
  try {
    await vm.running(limit.signal);
  } finally {
    limit.end();
  }
}
