/** All VMs together, with machines that do what a test tells them to. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { Atoll } from "./atoll.ts";
import type { Driver, Machine, MachineEnd } from "./hardware/driver.ts";
import { SettingsFile } from "./settings/settings.ts";
import { newDefinition } from "./vms/definition.ts";
import { VmRegistry } from "./vms/registry.ts";
import {
  type Deferred,
  deferred,
  scriptedContext,
  scriptedDriver,
  ScriptedMachine,
} from "./vms/testing/scripted-vm.ts";

let folder: string;
let machine: ScriptedMachine;
let driver: Driver;
let adopted: Deferred<Machine | MachineEnd | null>;
let atoll: Atoll;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  machine = new ScriptedMachine();
  adopted = deferred();
  driver = { ...scriptedDriver(machine), adopt: () => adopted.promise };
  const registry = new VmRegistry(folder);
  await registry.add({ ...newDefinition("home", "lagoon", "debian"), autostart: true });
  atoll = new Atoll({
    ...scriptedContext([]),
    registry,
    settings: new SettingsFile(folder),
    drivers: { qemu: driver, external: driver },
  });
});
afterEach(() => {
  atoll.release();
  fs.rmSync(folder, { recursive: true });
});

/** Its VM is known, and a machine of an earlier life is looked for. Resolves when that is over. */
async function opening(): Promise<{ opened: Promise<void> }> {
  const opened = atoll.open();
  await vi.waitFor(() => expect(atoll.vms).toHaveLength(1), 20_000);
  return { opened };
}

describe("while a VM is being adopted", () => {
  it("a removal waits, and is refused when it runs", async () => {
    const remove = vi.spyOn(driver, "remove");
    const { opened } = await opening();
    const removed = atoll.remove("home").catch((error: unknown) => error);
    adopted.resolve(machine);
    expect(await removed).toMatchObject({ code: "vm.busy" });
    expect(remove).not.toHaveBeenCalled();
    await opened;
  });

  it("the end of all VMs waits, and is its end too", async () => {
    const { opened } = await opening();
    machine.answers.pressPowerButton = () => {
      machine.emit("ended", { reason: "powered-off" });
      return Promise.resolve();
    };
    const stopped = atoll.stopAll();
    adopted.resolve(machine);
    expect(await stopped).toEqual([]);
    expect(atoll.vm("home").status).toMatchObject({ state: "stopped", stateReason: "powered-off" });
    await opened;
  });

  it("the end of all VMs keeps it from being started", async () => {
    const start = vi.spyOn(driver, "start");
    const { opened } = await opening();
    const stopped = atoll.stopAll();
    adopted.resolve(null);
    expect(await stopped).toEqual([]);
    await opened;
    expect(start).not.toHaveBeenCalled();
  });
});

it("the end of all VMs names those that do not end", async () => {
  adopted.resolve(machine);
  await atoll.open();
  const fails = (): Promise<void> => Promise.reject(new AppError("hardware.qemu-failed", "It does not end."));
  machine.answers.pressPowerButton = fails;
  machine.answers.kill = fails;
  expect(await atoll.stopAll()).toEqual(["home"]);
});
