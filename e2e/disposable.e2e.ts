/** Disposables: made for one task, gone with their last window, and nothing of them is left anywhere. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { isAlive, TestDesktop } from "./support/desktop.ts";

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

async function disposables(): Promise<VmView[]> {
  return (await desktop.vms()).filter(({ role }) => role === "disposable");
}

/** Every file of the home whose path or content has these words, and everything of them in shared memory. */
function traces(id: string): string[] {
  const inHome = fs
    .readdirSync(desktop.home, { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes(id.slice(0, 8)));
  return [...inHome, ...fs.readdirSync("/dev/shm").filter((file) => file.includes(id.slice(0, 8)))];
}

async function isGone({ id }: VmView, pid: number): Promise<void> {
  await expect.poll(disposables).toEqual([]);
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect.poll(() => traces(id)).toEqual([]);
}

test("a program in a disposable has its window; closing it leaves nothing", async () => {
  const started = await desktop.json<Started>("disposable", "start", "--", "foot");
  expect(started.vm).toBe("disp-1");
  expect(started.ms).toBeGreaterThan(0);
  const [vm] = await disposables();
  expect(vm).toMatchObject({ name: "disp-1", state: "running", label: "slate", network: "none", windows: 1 });
  const pid = desktop.qemuPid((vm as VmView).id);
  expect(traces((vm as VmView).id)).not.toEqual([]);
  const window = (await desktop.page()).locator(`[data-window-id="${started.windowId}"]`);
  await expect(window.locator('[data-part="content"]')).toBeVisible();
  await desktop.json("window", "close", started.windowId ?? "");
  await isGone(vm as VmView, pid);
  await expect(window).toHaveCount(0);
});

test("one whose program cannot be started is gone, and so is one whose machine is killed", async () => {
  const failed = await desktop.atoll("disposable", "start", "--json", "--", "no-such-program");
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stderr)).toMatchObject({ error: { code: "app.not-found" } });
  expect(await disposables()).toEqual([]);
  await desktop.json<Started>("disposable", "start");
  const [vm] = (await disposables()) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  process.kill(pid, "SIGKILL");
  await isGone(vm, pid);
});

test("what an application that was killed left is ended by the next one, never adopted", async () => {
  await desktop.json<Started>("disposable", "start", "--", "foot");
  const [vm] = (await disposables()) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  await desktop.crash();
  expect(isAlive(pid)).toBe(true);
  await desktop.start();
  await isGone(vm, pid);
  expect(fs.readdirSync(path.join(desktop.home, "state/disposables"))).toEqual([]);
  await desktop.isRunning("home");
});

test("an application that ends takes its disposables with it, and leaves the other VMs", async () => {
  await desktop.json<Started>("disposable", "start");
  const [vm] = (await disposables()) as [VmView];
  const pid = desktop.qemuPid(vm.id);
  await desktop.atoll("quit", "--keep-vms");
  await desktop.ended();
  expect(isAlive(pid)).toBe(false);
  expect(traces(vm.id)).toEqual([]);
  await desktop.start();
  expect((await desktop.vms()).map(({ name }) => name)).toEqual(["home"]);
});
