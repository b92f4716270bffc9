/** Disposables that go on from one memory snapshot: restored, not booted, and with nothing secret or their own in common. */
import fs from "node:fs";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { isAlive, TestDesktop } from "./support/desktop.ts";
import { disposables, isGone, traces } from "./support/disposables.ts";

interface Started {
  vm: string;
  origin: "fork" | "restored" | "cold";
}

let desktop: TestDesktop;
let one: string;
let other: string;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
  // The first one may have to boot: then it has the snapshot made.
  await expect(async () => {
    const { vm, origin } = await desktop.json<Started>("disposable", "start");
    await desktop.atoll("vm", "kill", vm);
    expect(origin).toBe("fork");
  }).toPass({ timeout: 500_000, intervals: [20_000] });
  one = (await desktop.json<Started>("disposable", "start")).vm;
  other = (await desktop.json<Started>("disposable", "start")).vm;
});

test.afterAll(async () => {
  await desktop.close();
});

/** What a command says in each of the two. */
async function both(...argv: string[]): Promise<[string, string]> {
  const [first, second] = await Promise.all(
    [one, other].map(async (vm) => {
      const { code, stdout, stderr } = await desktop.atoll("exec", vm, "--", ...argv);
      expect(code, stderr).toBe(0);
      return stdout.trim();
    }),
  );
  return [first ?? "", second ?? ""];
}

test("what only the snapshot's memory holds is in both, and in no VM that was booted", async () => {
  const [first, second] = await both("cat", "/run/atoll/snapshot");
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(second).toBe(first);
  expect((await desktop.atoll("exec", "home", "--", "cat", "/run/atoll/snapshot")).code).not.toBe(0);
});

test("a session bus runs from when the first program connects to it", async () => {
  const count = ["sh", "-c", "cat /proc/[0-9]*/comm | grep -c dbus-daemon || true"];
  expect(await both(...count)).toEqual(["0", "0"]);
  await both(
    "dbus-send",
    "--session",
    "--print-reply",
    "--dest=org.freedesktop.DBus",
    "/",
    "org.freedesktop.DBus.GetId",
  );
  expect(await both(...count)).toEqual(["1", "1"]);
});

for (const [what, ...argv] of [
  ["random bytes", "sh", "-c", "head -c 32 /dev/urandom | base64"],
  ["a UUID", "cat", "/proc/sys/kernel/random/uuid"],
  ["the boot's id", "cat", "/proc/sys/kernel/random/boot_id"],
  ["the machine's id", "cat", "/etc/machine-id"],
  [
    "the session bus's id",
    ...["dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"],
    "org.freedesktop.DBus.GetId",
  ],
  ["a name for a file", "mktemp", "-u"],
] as const) {
  test(`${what} differ${what.endsWith("s") ? "" : "s"} between two forks`, async () => {
    const [first, second] = await both(...argv);
    expect(first).not.toBe("");
    expect(second).not.toBe(first);
  });
}

test("each has its own name and the host's time", async () => {
  expect(await both("cat", "/proc/sys/kernel/hostname")).toEqual([one, other]);
  const before = Date.now();
  const times = await both("date", "+%s%3N");
  for (const time of times) {
    expect(Number(time)).toBeGreaterThan(before - 10_000);
    expect(Number(time)).toBeLessThan(Date.now() + 10_000);
  }
});

test("the memory that they share is private to each, and none of their QEMUs can write it", async () => {
  const vms = await disposables(desktop);
  expect(vms).toHaveLength(2);
  // An Atoll with another agent that uses the same cache removes the file, and what goes on from it keeps it.
  const isMemory = /\/snapshot\.ram(?: \(deleted\))?$/;
  for (const { id } of vms) {
    const proc = `/proc/${desktop.qemuPid(id)}`;
    const maps = fs.readFileSync(`${proc}/maps`, "utf8").split("\n");
    // It would outlive a crash.
    expect(maps.filter((line) => line.includes("/dev/shm/"))).toEqual([]);
    const ram = maps.filter((line) => isMemory.test(line));
    expect(ram).not.toEqual([]);
    for (const line of ram) expect(line.split(" ")[1]).toMatch(/p$/);
    const numbers = fs.readdirSync(`${proc}/fd`);
    const open = numbers.filter((fd) => isMemory.test(fs.readlinkSync(`${proc}/fd/${fd}`)));
    expect(open).not.toEqual([]);
    for (const fd of open) {
      const flags = /^flags:\s+(\d+)$/m.exec(fs.readFileSync(`${proc}/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
      expect(parseInt(flags, 8) & fs.constants.O_WRONLY).toBe(0);
      expect(parseInt(flags, 8) & fs.constants.O_RDWR).toBe(0);
    }
  }
});

test("X11 and Wayland programs have their windows in a fork", async () => {
  for (const program of ["foot", "xterm"]) {
    const started = await desktop.json<Started & { windowId: string }>("disposable", "start", "--", program);
    expect(started.origin).toBe("fork");
    await expect(
      (await desktop.page()).locator(`[data-window-id="${started.windowId}"] [data-part="content"]`),
    ).toBeVisible();
    if (program === "xterm") await desktop.closeXterm(started.windowId);
    else await desktop.json("window", "close", started.windowId);
    await expect.poll(async () => (await disposables(desktop)).map(({ name }) => name)).not.toContain(started.vm);
  }
});

async function newFork(): Promise<{ view: VmView; pid: number }> {
  const { vm, origin } = await desktop.json<Started>("disposable", "start", "--", "foot");
  expect(origin).toBe("fork");
  const view = (await disposables(desktop)).find(({ name }) => name === vm) as VmView;
  expect(traces(desktop, view.id)).not.toEqual([]);
  return { view, pid: desktop.qemuPid(view.id) };
}

test("nothing of a fork is left when it has ended", async () => {
  for (const name of [one, other]) await desktop.json("vm", "kill", name);
  const { view, pid } = await newFork();
  await desktop.json("vm", "kill", view.name);
  await isGone(desktop, view, pid);
});

test("nothing of a fork is left after the next start where its application was killed", async () => {
  const { view, pid } = await newFork();
  await desktop.crash();
  expect(isAlive(pid)).toBe(true);
  await desktop.start();
  await isGone(desktop, view, pid);
  expect(fs.readdirSync(`${desktop.home}/state/disposables`)).toEqual([]);
});
