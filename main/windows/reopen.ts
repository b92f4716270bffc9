/** Starts a VM with the programs whose windows were open when it last ran. */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { appsOf } from "#shared/model/last-windows.ts";
import { log } from "../base/log.ts";
import { launch, listApps } from "../vms/launcher.ts";
import { untilRunning } from "../vms/until-running.ts";
import type { Vm } from "../vms/vm.ts";
import type { LastWindows } from "./last-windows.ts";

/** Names of programs: those that run now, and those that could not be started, or that the guest has no more. */
export interface Reopened {
  opened: string[];
  missing: string[];
}

/** @throws AppError window.none-to-reopen, vm.*, template.*, hardware.*; the reason of `signal` */
export async function reopen(vm: Vm, lastWindows: LastWindows, signal: AbortSignal | undefined): Promise<Reopened> {
  const { name } = vm.definition;
  const windows = lastWindows.of(vm.id);
  if (windows.length === 0) {
    const message = `There is nothing to open again in VM "${name}": it shows windows, or had none when it last ran.`;
    throw new AppError("window.none-to-reopen", message, { vm: name });
  }
  await untilRunning(vm, () => undefined, signal);
  const { apps, missing } = appsOf(windows, await listApps(vm));
  const reopened: Reopened = { opened: [], missing: [...missing] };
  for (const app of apps) {
    try {
      await launch(vm, { appId: app.id, files: [] });
      reopened.opened.push(app.name);
    } catch (error) {
      log(`${name}: ${messageOf(error)}`);
      reopened.missing.push(app.name);
    }
  }
  return reopened;
}
