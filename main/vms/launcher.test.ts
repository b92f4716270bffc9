/** What waits for an answer of a guest ends with its VM. The answers themselves are e2e's. */
import { beforeEach, expect, it } from "vitest";
import type { AppError } from "#shared/model/app-error.ts";
import { Exec } from "./exec.ts";
import { launch, listApps, waitForWindow } from "./launcher.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
} from "./testing/scripted-vm.ts";
import { Vm } from "./vm.ts";

let machine: ScriptedMachine;
let links: ScriptedLink[];
let vm: Vm;

beforeEach(async () => {
  machine = new ScriptedMachine();
  links = [];
  vm = new Vm(scriptedDefinition("test", "rose"), { ...scriptedContext(links), driver: scriptedDriver(machine) });
  await vm.start();
  links[0]?.says(HELLO);
});

it.each([
  ["a list of applications", () => listApps(vm)],
  ["a launch", () => launch(vm, { argv: ["foot"] })],
  ["a window", () => waitForWindow(vm, 60_000).found(1)],
])("%s that is waited for is lost with the VM", async (_what, ask) => {
  const asked = ask();
  machine.emit("ended", { reason: "machine-exited", detail: "" });
  await expect(asked).rejects.toMatchObject({ code: "vm.not-running" });
});

it("a command that runs is lost with the VM", async () => {
  const failed = new Promise<AppError>((resolve) => new Exec(vm, ["cat"], null).on("failed", resolve));
  machine.emit("ended", { reason: "killed" });
  expect(await failed).toMatchObject({ code: "exec.lost" });
});
