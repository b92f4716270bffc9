/** Starts of disposables, for the page and the `atoll` command. */
import type { disposableContract } from "#shared/ipc/disposable.ts";
import type { Application } from "../application.ts";
import { goneSignal } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { DisposableVms } from "./disposables.ts";

interface Parts {
  application: Pick<Application, "vm">;
  disposables: Pick<DisposableVms, "start">;
}

export function disposableHandlers({ application, disposables }: Parts): Handlers<typeof disposableContract> {
  return {
    "disposable.start": async ({ template, network, program, forVm }, caller) => {
      const request = {
        template: template ?? undefined,
        network,
        program: program ?? undefined,
        forVm: forVm === null ? undefined : application.vm(forVm).id,
      };
      const { name, launched, ms, origin } = await disposables.start(request, { signal: goneSignal(caller) });
      return { vm: name, windowId: launched?.windowId ?? null, ms, origin };
    },
  };
}
