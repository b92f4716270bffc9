/** Disposables: made for one task, gone with their last window, and nothing of them is left anywhere. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { stringify } from "yaml";
import { type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import type { VmId, VmView } from "#shared/model/vm.ts";
import { isAlive, TestDesktop } from "./support/desktop.ts";
import { disposables, isGone, traces } from "./support/disposables.ts";

interface Started {
  vm: string;
  windowId: string | null;
  ms: number;
  origin: "fork" | "restored" | "cold" | "ready";
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

/** One kiosk of the test's own: the memory is too little for those that there are. */
function keepReady(memoryMiB: number): void {
  const own = [{ name: "terminal", title: "Terminal", kind: "terminal", template: "debian", program: ["foot"] }];
  fs.writeFileSync(path.join(desktop.home, "config/settings.yaml"), stringify({ kiosks: { memoryMiB, own } }));
}

async function kioskState(kiosk = "terminal"): Promise<string | undefined> {
  const kiosks = await desktop.json<KioskView[]>("kiosk", "list");
  return kiosks.find(({ name }) => name === kiosk)?.state;
}

/** Resolves when one waits; gives the id of its VM. */
async function isReady(): Promise<VmId> {
  await expect.poll(() => kioskState(), { timeout: 240_000, intervals: [1_000] }).toBe("ready");
  const [note] = notes();
  return (note ?? "").replace(".json", "") as VmId;
}

/** Of all disposables, those that are in no list included. */
function notes(): string[] {
  return fs.readdirSync(path.join(desktop.home, "state/disposables"));
}

test("a kiosk waits in a VM that nobody sees, is used once, and another VM is made ready in its place", async () => {
  test.setTimeout(600_000);
  keepReady(512);
  const first = await isReady();
  expect(await disposables(desktop)).toEqual([]);
  const page = await desktop.page();
  await expect(page.locator("[data-window-id]")).toHaveCount(0);
  const entry = page.getByRole("button", { name: "Terminal in a disposable, ready" });
  await entry.click();
  const content = page.locator('[data-window-id] [data-part="content"]');
  await expect(content).toBeVisible();
  const [vm] = (await disposables(desktop)) as [VmView];
  expect(vm).toMatchObject({ id: first, name: "terminal-1", state: "running", windows: 1 });
  // It was booted, for itself alone.
  expect((await desktop.atoll("exec", vm.name, "--", "cat", "/run/atoll/snapshot")).code).not.toBe(0);
  const bootId = ["cat", "/proc/sys/kernel/random/boot_id"];
  const firstBoot = (await desktop.atoll("exec", vm.name, "--", ...bootId)).stdout;
  const pid = desktop.qemuPid(vm.id);
  await desktop.json("window", "close", (await desktop.windows())[0]?.id ?? "");
  await expect.poll(() => disposables(desktop)).toEqual([]);
  await expect.poll(() => traces(desktop, vm.id)).toEqual([]);
  expect(isAlive(pid)).toBe(false);

  const second = await isReady();
  expect(second).not.toBe(first);
  const other = await desktop.run("home", "foot");
  const started = await desktop.json<Started>("disposable", "start", "--kiosk", "terminal", "--", "-T", "of the test");
  expect(started).toMatchObject({ vm: "terminal-2", origin: "ready" });
  // It is the only one of its VM, and has the keyboard.
  await expect
    .poll(async () => (await desktop.windows()).filter(({ vm: of }) => of === started.vm))
    .toMatchObject([{ id: started.windowId, title: "of the test", focused: true }]);
  await desktop.json("window", "close", other.id);
  const secondBoot = (await desktop.atoll("exec", started.vm, "--", ...bootId)).stdout;
  expect(secondBoot).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(secondBoot).not.toBe(firstBoot);
});

test("a kiosk whose VM is gone is started all the same, and none is kept where the settings leave no memory for it", async () => {
  test.setTimeout(600_000);
  for (const { name } of await disposables(desktop)) await desktop.json("vm", "kill", name);
  const id = await isReady();
  process.kill(desktop.qemuPid(id), "SIGKILL");
  await expect.poll(() => kioskState(), { intervals: [100] }).not.toBe("ready");
  await expect.poll(() => traces(desktop, id)).toEqual([]);
  const started = await desktop.json<Started>("disposable", "start", "--kiosk", "terminal");
  expect(started.origin).not.toBe("ready");
  await desktop.json("vm", "kill", started.vm);
  keepReady(0);
  await expect.poll(() => kioskState()).toBe("cold");
  await expect.poll(notes).toEqual([]);
});

test("a file opens in the VM that waited for one, is used once, and the next file has another VM", async () => {
  test.setTimeout(1_500_000);
  for (const { name } of await disposables(desktop)) await desktop.json("vm", "kill", name);
  const settings = path.join(desktop.home, "config/settings.yaml");
  // Room for nothing else.
  fs.writeFileSync(settings, stringify({ kiosks: { memoryMiB: 512 } }));
  const text = path.join(desktop.home, "of the test.txt");
  fs.writeFileSync(text, "of the test\n");
  const machineIds = new Set<string>();
  for (const name of ["viewers-1", "viewers-2"]) {
    await expect.poll(() => kioskState(VIEWERS), { timeout: 600_000, intervals: [1_000] }).toBe("ready");
    const [note] = notes();
    expect(await disposables(desktop)).toEqual([]);
    const opened = await desktop.json<{ vm: string; windowId: string }>("open", text, "--disposable");
    expect(opened.vm).toBe(name);
    const [vm] = (await disposables(desktop)) as [VmView];
    expect(vm).toMatchObject({ name, state: "running", label: "slate", network: "none", windows: 1 });
    expect(note).toBe(`${vm.id}.json`);
    const title = async (): Promise<string> =>
      (await desktop.windows()).find(({ id }) => id === opened.windowId)?.title ?? "";
    await expect.poll(title).toContain("of the test.txt");
    // Nothing of what its viewers ran with.
    const words = "cat /etc/machine-id; ls -d /tmp/atoll-viewers; cat ~/.local/share/recently-used.xbel";
    const { stdout } = await desktop.atoll("exec", name, "--", "sh", "-c", `(${words}) 2>/dev/null`);
    expect(stdout).not.toContain("atoll-viewers");
    machineIds.add(/^[0-9a-f]{32}$/m.exec(stdout)?.[0] ?? "");
    const pid = desktop.qemuPid(vm.id);
    await desktop.json("window", "close", opened.windowId);
    await isGone(desktop, vm, pid);
  }
  expect(machineIds.size).toBe(2);
  expect(machineIds).not.toContain("");
  fs.writeFileSync(settings, stringify({ kiosks: { memoryMiB: 0 } }));
  await expect.poll(notes).toEqual([]);
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
