/** A VM's life: ends are distinguished, one VM's end is not another's, and the application's end is no VM's. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { TestDesktop, type } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.firstStart();
});

test.afterAll(async () => {
  await desktop.close();
});

function view(name: string): Promise<VmView | undefined> {
  return desktop.vms().then((vms) => vms.find((vm) => vm.name === name));
}

function pidOf(vm: VmView): number {
  return desktop.qemuPid(vm.id);
}

/** The process that writes QEMU's log. */
function logWriterOf({ id }: VmView): number {
  const record = fs.readFileSync(path.join(desktop.home, "run/vms", id.slice(0, 13), "machine.json"), "utf8");
  return (JSON.parse(record) as { logPid: number }).logPid;
}

function programOf(pid: number): string {
  return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}

async function windowOf(vm: string): Promise<{ id: string; frozen: boolean } | undefined> {
  return (await desktop.windows()).find((window) => window.vm === vm);
}

test("the first start makes two VMs of different trust and starts them", async () => {
  await desktop.isRunning("home");
  await desktop.isRunning("web");
  const common = { driver: "qemu", state: "running", stateReason: null, network: "firewall" };
  const vms = await desktop.vms();
  expect(vms.filter(({ role }) => role !== "service")).toMatchObject([
    { name: "home", label: "lagoon", template: "debian", ...common },
    { name: "web", label: "coral", template: "debian-web", ...common },
  ]);
  expect(vms.filter(({ role }) => role === "service")).toMatchObject([{ name: "firewall" }]);
});

test("a crash of the application leaves the VMs and their programs; the next start brings the windows back", async () => {
  const { id, element } = await desktop.run("home", "foot");
  await element.locator('[data-part="content"]').click();
  const before = await view("home");
  const writer = logWriterOf(before as VmView);
  expect(programOf(writer)).toBe("bash");
  await desktop.crash();
  // It bounds what its QEMU may write, and empties the pipe that QEMU would wait for.
  expect(programOf(writer)).toBe("bash");
  await desktop.start();
  await desktop.isRunning("home");
  await desktop.isRunning("web");
  expect(pidOf((await view("home")) as VmView)).toBe(pidOf(before as VmView));
  await expect.poll(async () => (await windowOf("home"))?.id).toBe(id);
  const again = (await desktop.page()).locator(`[data-window-id="${id}"]`);
  await again.locator('[data-part="content"]').click();
  await type(await desktop.page(), "echo back > /tmp/back\n");
  await expect.poll(() => desktop.read("home", "/tmp/back")).toBe("back\n");
});

test("a QEMU that is killed while no application is there is reported by the next start, and is not taken for stopped", async () => {
  const web = (await view("web")) as VmView;
  await desktop.crash();
  process.kill(pidOf(web), "SIGKILL");
  const file = path.join(desktop.home, "config/vms/web.yaml");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("autostart: true", "autostart: false"));
  await desktop.start();
  await expect.poll(() => view("web")).toMatchObject({ state: "crashed", stateReason: "machine-exited" });
  await desktop.isRunning("home");
  await desktop.json("vm", "start", "web", "--wait");
});

test("an agent that is killed is noticed at once and called again when the guest has restarted it", async () => {
  await desktop.run("web", "foot");
  const told = (await desktop.subscribe("vm.changed")) as () => Promise<VmView[][]>;
  /**
   * Each state once. The first one is said again when the window that was opened is counted, or it is not. On a busy machine an
   * agent may be late, which is another reason.
   */
  const states = async (): Promise<string[]> => {
    const all = (await told()).map((vms) => vms.find(({ name }) => name === "web"));
    const words = ["running null", ...all.map((web) => `${web?.state} ${web?.stateReason}`)];
    const own = words.filter((state) => state !== "unresponsive agent-lost");
    return own.filter((state, at) => state !== own[at - 1]);
  };
  await desktop.atoll("exec", "web", "--", "pkill", "-KILL", "atoll-agent");
  await expect
    .poll(states, { timeout: 240_000 })
    .toEqual(["running null", "unresponsive agent-exited", "running null"]);
  // Its programs ended with it; new ones start.
  await expect.poll(() => windowOf("web")).toBeUndefined();
  await desktop.run("web", "foot");
});

test("an agent that hangs is distinguished from one that has ended; its VM still stops in good order", async () => {
  const hung = desktop.atoll("exec", "web", "--", "pkill", "-STOP", "atoll-agent");
  await expect.poll(() => view("web")).toMatchObject({ state: "unresponsive", stateReason: "agent-lost" });
  await desktop.isRunning("home");
  expect(await desktop.json<VmView>("vm", "stop", "web", "--wait")).toMatchObject({
    state: "stopped",
    stateReason: "powered-off",
  });
  await hung;
  // Nothing of it stays on the desktop.
  await expect((await desktop.page()).locator('[data-window-id][data-vm="web"]')).toHaveCount(0);
  await desktop.json("vm", "start", "web", "--wait");
});

test("pause and resume follow QEMU's events", async () => {
  expect(await desktop.json<VmView>("vm", "pause", "web", "--wait", "20")).toMatchObject({ state: "paused" });
  expect(await desktop.json<VmView>("vm", "resume", "web", "--wait", "20")).toMatchObject({ state: "running" });
});

test("kill -9 of one QEMU freezes its windows and leaves the other VM alone", async () => {
  await desktop.run("web", "foot");
  const lost = desktop.atoll("exec", "web", "--", "sleep", "600");
  await expect.poll(async () => (await desktop.atoll("exec", "web", "--", "pgrep", "-x", "sleep")).code).toBe(0);
  const web = (await view("web")) as VmView;
  process.kill(pidOf(web), "SIGKILL");
  expect((await lost).code).toBe(125);
  await expect.poll(() => view("web")).toMatchObject({ state: "crashed", stateReason: "machine-exited" });
  await expect.poll(() => windowOf("web")).toMatchObject({ frozen: true });
  expect(await windowOf("home")).toMatchObject({ frozen: false });
  const frozen = (await desktop.page()).locator('[data-window-id][data-vm="web"]');
  await expect(frozen.getByRole("status")).toContainText("“web” has ended: its machine is gone");
  expect(await desktop.atoll("exec", "home", "--", "echo", "well")).toMatchObject({ stdout: "well\n" });
  // Started again from the frozen window, the frozen frame goes away.
  await frozen.getByRole("button", { name: "Start “web” again" }).click();
  await desktop.isRunning("web");
  await expect.poll(() => windowOf("web")).toBeUndefined();
});

test("a VM that was stopped offers what was open in it, and opens it again", async () => {
  const page = await desktop.page();
  for (const { id } of await desktop.windows()) await desktop.json("window", "close", id);
  const { element } = await desktop.run("home", "mousepad");
  await expect(element).toBeVisible();
  const last = async (): Promise<unknown[]> =>
    (await desktop.json<{ vm: string; windows: unknown[] }[]>("window", "last")).find(({ vm }) => vm === "home")
      ?.windows ?? [];
  expect(await last()).toEqual([]);
  await desktop.json("vm", "stop", "home", "--wait");
  const windows = [{ title: expect.stringMatching(/Mousepad$/), appId: "mousepad" }];
  await expect.poll(last).toEqual(windows);
  await page.getByRole("button", { name: "Start and reopen the last windows of home" }).click();
  await expect(page.locator('.guest-window[data-vm="home"]')).toContainText("Mousepad", { timeout: 180_000 });
  await expect.poll(last).toEqual([]);
});

test("an orderly stop and a kill have their own reasons", async () => {
  expect(await desktop.json<VmView>("vm", "stop", "web", "--wait")).toMatchObject({
    state: "stopped",
    stateReason: "powered-off",
  });
  await desktop.json("vm", "start", "web", "--wait");
  expect(await desktop.json<VmView>("vm", "kill", "web", "--wait")).toMatchObject({
    state: "stopped",
    stateReason: "killed",
  });
  const removed = await desktop.json<VmView>("vm", "remove", "web");
  expect(fs.existsSync(path.join(desktop.home, "state/vms", removed.id))).toBe(false);
  expect(fs.existsSync(path.join(desktop.home, "config/vms/web.yaml"))).toBe(false);
});

test("a VM has the processors that a person chose, also those that its kernel did not start with", async () => {
  await desktop.json("vm", "create", "many", "--label", "palm", "--cpus", "3");
  await desktop.json("vm", "start", "many", "--wait");
  await expect.poll(async () => (await desktop.atoll("exec", "many", "--", "nproc")).stdout).toBe("3\n");
  await desktop.atoll("vm", "kill", "many", "--wait");
});

test("a VM with the least memory that is allowed comes up", async () => {
  const { code, stderr } = await desktop.atoll("vm", "create", "less", "--label", "palm", "--memory", "127");
  expect([code, stderr]).toEqual([2, expect.stringContaining("128")]);
  await desktop.json("vm", "create", "least", "--label", "palm", "--memory", "128");
  await desktop.json("vm", "start", "least", "--wait");
  await desktop.isRunning("least");
  expect(await desktop.atoll("exec", "least", "--", "echo", "well")).toMatchObject({ stdout: "well\n" });
  await desktop.atoll("vm", "kill", "least", "--wait");
});
