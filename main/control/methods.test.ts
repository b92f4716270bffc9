/** What the orders for VMs answer, and when. What they do is e2e's. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Atoll } from "../atoll.ts";
import type { Driver } from "../hardware/driver.ts";
import { SettingsFile } from "../settings/settings.ts";
import { newDefinition } from "../vms/definition.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
} from "../vms/testing/scripted-vm.ts";
import { type Application, methods } from "./methods.ts";

let folder: string;
let machine: ScriptedMachine;
let links: ScriptedLink[];
let driver: Driver;
let app: Application;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  machine = new ScriptedMachine();
  links = [];
  driver = scriptedDriver(machine);
  const registry = new VmRegistry(folder);
  await registry.add(newDefinition("home", "lagoon", "debian"));
  const atoll = new Atoll({
    ...scriptedContext(links),
    registry,
    settings: new SettingsFile(folder),
    drivers: { qemu: driver, external: driver },
  });
  await atoll.open();
  app = { atoll, quit: () => undefined };
});
afterEach(() => {
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

it("an agent that ended is lost, by the contract", async () => {
  await running();
  machine.emit("agentPresent", false);
  expect(app.atoll.vm("home").status.stateReason).toBe("agent-exited");
  expect(await info()).toMatchObject({ state: "unresponsive", stateReason: "agent-lost" });
});
