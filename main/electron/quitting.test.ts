import { expect, it, vi } from "vitest";
import type { Atoll } from "../atoll.ts";
import type { SettingsFile } from "../settings/settings.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { Quitting } from "./quitting.ts";

function parts() {
  const stopped = deferred<string[]>();
  const stopAll = vi.fn<() => Promise<string[]>>(() => stopped.promise);
  const end = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const quitting = new Quitting({ atoll: { stopAll } as unknown as Atoll, settings: {} as SettingsFile, end });
  return { stopped, stopAll, end, quitting };
}

it("whoever wants the VMs to stop while they stop waits for the same", async () => {
  const { stopped, stopAll, end, quitting } = parts();
  const names = quitting.stopVms();
  const quit = quitting.quit("stop");
  stopped.resolve(["web"]);
  expect(await names).toEqual(["web"]);
  await quit;
  expect(stopAll).toHaveBeenCalledOnce();
  expect(end).toHaveBeenCalledOnce();
});

it("a word to keep them ends at once, while they stop", async () => {
  const { stopped, end, quitting } = parts();
  const quit = quitting.quit("stop");
  await quitting.quit("keep");
  expect(end).toHaveBeenCalledOnce();
  stopped.resolve([]);
  await quit;
  expect(end).toHaveBeenCalledOnce();
});
