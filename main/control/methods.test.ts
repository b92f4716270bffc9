/** What the orders for VMs answer, and when. What they do is e2e's. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { Atoll } from "../atoll.ts";
import type { Driver, MachineDefinition } from "../hardware/driver.ts";
import { LIVENESS } from "../link/contracts/liveness.ts";
import { SettingsFile } from "../settings/settings.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { type Application, methods } from "./methods.ts";

let folder: string;
let machine: ScriptedMachine;
let links: ScriptedLink[];
let driver: Driver<MachineDefinition>;
/** Of VMs that are run elsewhere; starts what `driver` starts. */
let external: Driver<MachineDefinition>;
let app: Application;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  machine = new ScriptedMachine();
  links = [];
  driver = scriptedDriver(machine);
  external = {
    ...driver,
    capabilities: { ...driver.capabilities, runsMachine: false },
    start: (definition, signal) => driver.start(definition, signal),
  };
  const registry = new VmRegistry(folder, [scriptedType(), scriptedType("external")]);
  await registry.add(scriptedDefinition("home", "lagoon"));
  const atoll = new Atoll({
    ...scriptedContext(links),
    registry,
    settings: new SettingsFile(folder),
    drivers: scriptedDrivers(driver, { external }),
  });
  await atoll.open();
  app = { atoll, stopVms: () => atoll.stopAll(), quit: () => undefined };
});
afterEach(() => {
  vi.useRealTimers();
  app.atoll.release();
  fs.rmSync(folder, { recursive: true });
});

const order = { vm: "home", waitS: null };
const info = () => methods["vm.info"](app, { vm: "home" });

async function running(): Promise<void> {
  await methods["vm.start"](app, order);
  links.at(-1)?.says(HELLO);
  expect(await info()).toMatchObject({ state: "running" });
}

describe("an order", () => {
  it.each(["stop", "kill", "pause", "resume"] as const)(
    "to %s a VM that does not run fails, waited for or not",
    async (verb) => {
      for (const waitS of [null, 60])
        await expect(methods[`vm.${verb}`](app, { vm: "home", waitS })).rejects.toMatchObject({
          code: "vm.not-running",
        });
    },
  );

  it("to stop is answered when it has begun", async () => {
    await running();
    expect(await methods["vm.stop"](app, order)).toMatchObject({ state: "stopping" });
    machine.emit("ended", { reason: "powered-off" });
    expect(await info()).toMatchObject({ state: "stopped", stateReason: "powered-off" });
  });

  it.each(["start", "stop", "kill", "pause", "resume"] as const)(
    "to %s is waited for no longer than was said",
    async (verb) => {
      const never = (): Promise<never> => new Promise(() => undefined);
      if (verb === "start") driver.start = never;
      else {
        await running();
        machine.answers.kill = never;
        machine.answers.pause = never;
        machine.answers.resume = never;
      }
      vi.useFakeTimers();
      const answered = methods[`vm.${verb}`](app, { vm: "home", waitS: 3 }).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await answered).toMatchObject({ code: "vm.timeout" });
    },
  );

  it("that is waited for says why the VM is not as it should be", async () => {
    vi.useFakeTimers();
    await running();
    links.at(-1)?.says(serviceEvent(LIVENESS, { isResponsive: false }));
    machine.pauseCause = "asked";
    const answered = methods["vm.resume"](app, { vm: "home", waitS: 3 }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await answered).toMatchObject({
      message: 'VM "home" is still unresponsive after 3 s, not running: The agent does not answer.',
    });
    machine.emit("ended", { reason: "machine-exited", detail: "Bus error" });
    await expect(methods["vm.pause"](app, { vm: "home", waitS: 3 })).rejects.toMatchObject({ code: "vm.not-running" });
    driver.start = () => Promise.reject(new AppError("hardware.machine-failed", "It did not start."));
    await expect(methods["vm.start"](app, { vm: "home", waitS: 3 })).rejects.toMatchObject({
      code: "hardware.machine-failed",
    });
  });
});

it("an agent that ended is lost, by the contract", async () => {
  await running();
  machine.emit("agentPresent", false);
  expect(app.atoll.vm("home").status.stateReason).toBe("agent-exited");
  expect(await info()).toMatchObject({ state: "unresponsive", stateReason: "agent-lost" });
});

describe("an external VM", () => {
  const params = {
    driver: "external",
    name: "guest",
    label: "rose",
    channels: { control: "/c", frames: "/f", bulk: "/b" },
  } as const;

  it("is attached to when it is created, and a start of it is only waited for", async () => {
    expect(await methods["vm.create"](app, params)).toMatchObject({ state: "starting" });
    expect(links.at(-1)?.heard).toContainEqual(expect.objectContaining({ type: "open", sockets: machine.sockets }));
    expect(await methods["vm.start"](app, { vm: "guest", waitS: null })).toMatchObject({ state: "starting" });
    links.at(-1)?.says({ type: "closed", reason: "agent-lost", detail: "nobody listens" });
    expect(await methods["vm.start"](app, { vm: "guest", waitS: null })).toMatchObject({ state: "unresponsive" });
  });

  it("is there also when it cannot be attached to", async () => {
    driver.start = () => Promise.reject(new AppError("internal", "No."));
    expect(await methods["vm.create"](app, params)).toMatchObject({ name: "guest", state: "stopped" });
  });
});
