/** What a VM's QEMU has of the host while the desktop runs: nothing but its own VM's. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" });
  for (const name of ["home", "web"]) await desktop.isRunning(name);
});

test.afterAll(async () => {
  await desktop.close();
});

/** What the process has open; without files, "socket:[1234]" or "pipe:[1234]". */
function openOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return fs.readdirSync(folder).flatMap((name) => {
    try {
      return [fs.readlinkSync(path.join(folder, name))];
    } catch {
      return []; // closed meanwhile
    }
  });
}

test("each QEMU sees its own VM's disk and sockets, no control socket, and no other VM", async () => {
  for (const { id } of await desktop.vms()) {
    const inside = (...names: string[]): string[] =>
      fs.readdirSync(path.join(`/proc/${desktop.qemuPid(id)}/root`, desktop.home, ...names));
    expect(inside().toSorted()).toEqual(["run", "state"]);
    expect(inside("state/vms")).toEqual([id]);
    expect(inside("state/vms", id)).toEqual(["disk.qcow2"]);
    expect(inside("run")).toEqual(["vms"]);
    expect(inside("run/vms")).toEqual([id.slice(0, 13)]);
  }
  expect(fs.readdirSync(path.join(desktop.home, "run"))).toContain("control.sock");
});

test("no socket and no pipe of the application is open in a QEMU", async () => {
  const main = openOf(desktop.electron.process().pid ?? 0);
  for (const { id } of await desktop.vms()) {
    const own = openOf(desktop.qemuPid(id));
    expect(own.filter((name) => /^(socket|pipe):/.test(name) && main.includes(name))).toEqual([]);
    const files = own.filter((name) => name.startsWith("/") && !name.startsWith("/dev/"));
    expect([...new Set(files)].map((name) => path.basename(name)).toSorted()).toEqual(["disk.qcow2", "root.img"]);
  }
});

test("doctor says what QEMU is kept from, and what bounds it", async () => {
  const { stdout } = await desktop.atoll("doctor", "--json");
  const checks = JSON.parse(stdout) as DoctorCheck[];
  expect(checks.find(({ id }) => id === "box")).toMatchObject({
    status: "ok",
    detail: expect.stringContaining("sees nothing but that VM's files") as unknown as string,
  });
  expect(checks.find(({ id }) => id === "weight")?.detail).toContain("nice");
});
