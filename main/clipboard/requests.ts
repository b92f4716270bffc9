/** What is asked of the clipboard, for the page and the `atoll` command alike: nothing crosses yet. */
import type { clipboardContract } from "#shared/ipc/clipboard.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";

/** A VM that is not there is said to be so, whatever is asked of it. */
export function clipboardHandlers({
  application,
}: {
  application: Pick<Application, "vm">;
}): Handlers<typeof clipboardContract> {
  const nothingCrosses = (): never => {
    throw new AppError("clipboard.failed", "Nothing crosses between VMs by the clipboard yet.");
  };
  return {
    "clipboard.copyToHost": nothingCrosses,
    "clipboard.history": () => [],
    "clipboard.pick": nothingCrosses,
    "clipboard.pin": nothingCrosses,
    "clipboard.forget": nothingCrosses,
    "clipboard.clearHistory": () => null,
    "clipboard.get": ({ vm }) => (application.vm(vm), nothingCrosses()),
    "clipboard.put": ({ vm }) => (application.vm(vm), nothingCrosses()),
    "clipboard.show": () => null,
    "clipboard.gesture": () => undefined,
    "clipboard.answer": () => undefined,
  };
}
