/** Disposables: made for one task, gone with their last window, and nothing of them is left anywhere. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { isAlive, TestDesktop } from "./support/desktop.ts";
import { disposables, isGone, traces } from "./support/disposables.ts";

interface Started {
  vm: string;
  windowId: string | null;
  ms: number;
  origin: "fork" | "restored" | "cold";
}

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
});

test.afterAll(async () => {
  await desktop.close();
});

test("a program in a disposable has its window; closing it leaves nothing", async () => {
  const started = await desktop.json<Started>("disposable", "start", "--", "foot");
  expect(started.vm).toBe("disp-1");
  expect(started.ms).toBeGreaterThan(0);
  const [vm] = await disposables(desktop);
  expect(vm).toMatchObject({ name: "disp-1", state: "running", label: "slate", network: "none", windows: 1 });
  const pid = desktop.qemuPid((vm as VmView).id);
  expect(traces(desktop, (vm as VmView).id)).not.toEqual([]);
  const window = (await desktop.page()).locator(`[data-window-id="${started.windowId}"]`);
  await expect(window.locator('[data-part="content"]')).toBeVisible();
  await desktop.json("window", "close", started.windowId ?? "");
  await isGone(desktop, vm as VmView, pid);
  await expect(window).toHaveCount(0);
});

test("one whose program cannot be started is gone, and so is one whose machine is killed", async () => {
  const failed = await desktop.atoll("disposable", "start", "--json", "--", "no-such-program");
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stderr)).toMatchObject({ error: { code: "app.not-found" } });
  expect(await disposables(desktop)).toEqual([]);
  await desktop.json<Started>("disposable", "start");
  const [vm] = (await disposables(desktop)) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  process.kill(pid, "SIGKILL");
  await isGone(desktop, vm, pid);
});

test("what an application that was killed left is ended by the next one, never adopted", async () => {
  await desktop.json<Started>("disposable", "start", "--", "foot");
  const [vm] = (await disposables(desktop)) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  await desktop.crash();
  expect(isAlive(pid)).toBe(true);
  await desktop.start();
  await isGone(desktop, vm, pid);
  expect(fs.readdirSync(path.join(desktop.home, "state/disposables"))).toEqual([]);
  await desktop.isRunning("home");
});

test("an application that ends takes its disposables with it, and leaves the other VMs", async () => {
  await desktop.json<Started>("disposable", "start");
  const [vm] = (await disposables(desktop)) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  await desktop.atoll("quit", "--keep-vms");
  await desktop.ended();
  expect(isAlive(pid)).toBe(false);
  expect(traces(desktop, vm.id)).toEqual([]);
  await desktop.start();
  expect((await desktop.vms()).map(({ name }) => name)).toEqual(["home"]);
});
