/** What a VM's QEMU has of the host while the desktop runs: nothing but its own VM's. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { type BoxFiles, confinement, DEVICES, type SystemPath } from "../main/hardware/qemu/box.ts";
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

/** This machine's kernel and setpriv may know no Landlock. The guest's do, but for ioctl on devices, and its files lie as a host's. */
test("Landlock keeps a program to its VM's files, where the kernel has it", async () => {
  const own = "/tmp/own";
  const system: SystemPath[] = [
    { path: "/usr", target: null, isFolder: true },
    { path: "/etc/alternatives", target: null, isFolder: true },
    { path: "/etc/ld.so.cache", target: null, isFolder: false },
  ];
  const files: BoxFiles = {
    programs: [],
    readOnly: [`${own}/base`],
    disk: `${own}/disk`,
    folder: `${own}/run`,
    devices: DEVICES,
  };
  const attempts = {
    "reads its base": "cat base",
    "writes its base": "echo x >>base",
    "writes its disk": "echo x >>disk",
    "cuts its disk": "truncate -s 0 disk",
    "runs its disk": "./disk",
    "makes a file in its folder": "echo x >run/file",
    "removes it again": "rm run/file",
    "makes a socket in its folder": "perl -MSocket -e 'socket S,1,1,0; bind S,pack_sockaddr_un(q(run/s)) or exit 1'",
    "runs what it has written": "cp /usr/bin/true run/true; chmod 755 run/true; run/true",
    "makes a file beside its disk": "echo x >beside",
    "renames its disk": "mv disk run/disk",
    "uses its devices": "head -c 1 /dev/urandom >/dev/null",
    "uses another device": "head -c 1 /dev/zero",
    "reads another VM's disk": "cat other",
    "reads a person's file": "cat ~/.profile",
    "reads the host's names": "cat /etc/hostname",
    "lists the root": "ls /",
    "reads /proc": "cat /proc/1/cmdline",
  };
  const script = Object.entries(attempts).map(
    ([what, words]) => `if (${words}) >/dev/null 2>&1; then echo "${what}"; fi`,
  );
  const prepare = `mkdir -p ${own}/run; cd ${own}; echo b >base; echo o >other; cp /usr/bin/true disk; chmod 755 disk`;
  expect(await desktop.atoll("exec", "home", "--", "sh", "-ec", `${prepare}; : >~/.profile`)).toMatchObject({
    code: 0,
  });
  const confined = confinement({ namespaces: null, landlock: "files" }, files, system, false);
  const inside = `cd ${own}\n${script.join("\n")}`;
  const { code, stdout, stderr } = await desktop.atoll("exec", "home", "--", ...confined, "sh", "-c", inside);
  expect({ code, stderr, works: stdout.trim().split("\n") }).toEqual({
    code: 0,
    stderr: "",
    works: [
      "reads its base",
      "writes its disk",
      "cuts its disk",
      "makes a file in its folder",
      "removes it again",
      "makes a socket in its folder",
      "uses its devices",
    ],
  });
});
