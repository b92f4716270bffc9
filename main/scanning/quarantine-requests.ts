/** What is asked of the quarantine, for the page and the `atoll` command alike. */
import type { quarantineContract } from "#shared/ipc/quarantine.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import type { FilesParty } from "../files/transfer.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import type { Quarantine } from "./quarantine.ts";

interface Parts {
  application: Pick<Application, "vm">;
  quarantine: Quarantine;
}

export function quarantineHandlers({ application, quarantine }: Parts): Handlers<typeof quarantineContract> {
  return {
    "quarantine.list": () => quarantine.files,
    "quarantine.restore": async ({ id, to, askS }, caller) => {
      const target: FilesParty | undefined =
        to === undefined ? undefined : to === null ? { kind: "host" } : { kind: "vm", vm: application.vm(to) };
      const signal = caller.from === "cli" ? callerSignal(caller, askS) : undefined;
      return { path: await quarantine.restore(id, target, signal) };
    },
    "quarantine.delete": async ({ id }) => {
      await quarantine.delete(id);
      return null;
    },
  };
}

export function sendQuarantineEvents({ page, quarantine }: { page: Pick<Page, "send">; quarantine: Quarantine }): void {
  quarantine.on("changed", () => page.send("quarantine.changed", {}));
}
