/** How a QEMU is started, with a shell in its place that says what it was given. */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DEVICES } from "./box.ts";
import { probeBox } from "./box-probe.ts";
import { isAlive } from "./machine.ts";
import { qemuPrograms, type QemuLaunch, spawnQemu } from "./process.ts";
import { QEMU_BINARY } from "./probe.ts";

const spawned = vi.hoisted(() => ({
  /** Open in whoever starts QEMU and not closed by exec, as Chromium leaves them. */
  leaked: [] as number[],
  last: null as ChildProcess | null,
}));
vi.mock(import("node:child_process"), async (importOriginal) => {
  const original = await importOriginal();
  const spawn = (command: string, words: readonly string[], options: SpawnOptions): ChildProcess => {
    const stdio = [...(options.stdio as Extract<SpawnOptions["stdio"], unknown[]>), ...spawned.leaked];
    spawned.last = original.spawn(command, words, { ...options, stdio });
    return spawned.last;
  };
  return { ...original, spawn: spawn as typeof original.spawn };
});

const { box } = await probeBox();
/** For a host that is busy. */
const TIME_LIMIT_MS = 20_000;
const NO_BOX = { namespaces: null, landlock: null };
let folder: string;
let launch: QemuLaunch;
let pids: number[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-process-"));
  fs.mkdirSync(path.join(folder, "run"));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  pids = [];
  fs.writeFileSync(path.join(folder, "disk"), "");
  executable(QEMU_BINARY, '#!/bin/sh\nenv >env; echo "$@" >words; exec sleep 60\n');
  const files = {
    programs: qemuPrograms(),
    readOnly: [],
    disk: path.join(folder, "disk"),
    folder: path.join(folder, "run"),
    devices: DEVICES,
  };
  launch = {
    folder: path.join(folder, "run"),
    args: ["-name", 'it\'s a "name"\n'],
    box,
    files,
    scope: [],
    preload: null,
  };
});

afterEach(() => {
  vi.unstubAllEnvs();
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  for (const descriptor of spawned.leaked.splice(0)) fs.closeSync(descriptor);
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function executable(name: string, text: string): void {
  fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

async function started(change: Partial<QemuLaunch> = {}): Promise<{ pid: number; begin: () => void }> {
  const { pid, begin } = await spawnQemu({ ...launch, ...change });
  if (pid === null) throw new Error(fs.readFileSync(path.join(folder, "run/qemu.log"), "utf8"));
  pids.push(pid);
  return { pid, begin };
}

const said = (name: string): Promise<string> =>
  vi.waitFor(() => {
    const text = fs.readFileSync(path.join(folder, "run", name), "utf8");
    expect(text).not.toBe("");
    return text;
  }, TIME_LIMIT_MS);

const descriptorsOf = (pid: number): string[] => fs.readdirSync(`/proc/${pid}/fd`);

it.each([
  ["in its box", box],
  ["without a box", NO_BOX],
])("%s QEMU has its own words, two variables, and none of our descriptors", async (_, own) => {
  for (let count = 0; count < 9; count += 1) spawned.leaked.push(fs.openSync("/etc/hostname", "r"));
  const { pid, begin } = await started({ box: own });
  begin();
  expect(await said("words")).toBe('-name it\'s a "name"\n\n');
  expect((await said("env")).split("\n").map((line) => line.split("=")[0])).toEqual(
    expect.arrayContaining(["PATH", "LC_ALL"]),
  );
  expect(fs.readFileSync(path.join(folder, "run/env"), "utf8")).not.toMatch(/^(HOME|USER|XDG_\w+|DISPLAY)=/m);
  await vi.waitFor(() => expect(fs.readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("sleep\n"), TIME_LIMIT_MS);
  expect(descriptorsOf(pid)).toEqual(["0", "1", "2"]);
});

it("QEMU is started with a library where one is given", async () => {
  const { begin } = await started({ box: NO_BOX, preload: "/no/such/library.so" });
  begin();
  expect(await said("env")).toContain("LD_PRELOAD=/no/such/library.so");
});

it("QEMU gives way to the desktop", async () => {
  const { pid, begin } = await started();
  begin();
  await said("words");
  expect(os.getPriority(pid)).toBe(Math.min(19, os.getPriority() + 5));
  // Where the kernel weighs sessions, its session gives way.
  const session = `/proc/${pid}/autogroup`;
  if (fs.existsSync(session)) expect(fs.readFileSync(session, "utf8")).toMatch(/ nice 5\n$/);
});

it("a scope is made outside of the box, by whoever reaches systemd's manager, which QEMU does not", async () => {
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  executable(
    "scope",
    '#!/bin/sh\necho "$XDG_RUNTIME_DIR" >manager; while [ "$1" != -- ]; do shift; done; shift; exec "$@"\n',
  );
  const { begin } = await started({ scope: ["scope", "--property=MemoryMax=1M", "--"] });
  begin();
  expect(await said("manager")).toBe(`${folder}\n`);
  expect(await said("env")).not.toContain("XDG_RUNTIME_DIR");
});

// Where the host can make none, only CI fails.
it.skipIf(box.namespaces === null && !process.env["CI"])("why a box cannot be made stands in the log", async () => {
  const gone = { ...launch.files, readOnly: [path.join(folder, "gone")] };
  const { pid, logPid } = await spawnQemu({ ...launch, files: gone });
  await vi.waitFor(() => expect([pid ?? 0, logPid].filter(isAlive)).toEqual([]), TIME_LIMIT_MS);
  expect(fs.readFileSync(path.join(folder, "run/qemu.log"), "utf8")).toMatch(/^bwrap: Can't find source path .*gone/);
});

it("without the program that makes the box there is no process, and the log says why", async () => {
  const { pid, logPid } = await spawnQemu({ ...launch, scope: ["no-such-program"] });
  await vi.waitFor(() => expect(isAlive(logPid)).toBe(false), TIME_LIMIT_MS);
  expect([null, spawned.last?.pid]).toContain(pid);
  expect(fs.readFileSync(path.join(folder, "run/qemu.log"), "utf8")).toMatch(/no-such-program.*No such file/);
});

it.each([
  ["no word", ""],
  ["not the last word", `sh\0-c\0: >words\0`],
])("when the application ends and has said %s, QEMU is not executed and no process is left", async (_, words) => {
  const { pid } = await started();
  spawned.last?.stdin?.end(words);
  await vi.waitFor(() => expect([pid, spawned.last?.pid ?? 0].filter(isAlive)).toEqual([]), TIME_LIMIT_MS);
  expect(fs.existsSync(path.join(folder, "run/words"))).toBe(false);
});

it("a QEMU that is not the system's is found with its firmware, a system's needs nothing", () => {
  const bin = path.join(folder, "opt/bin");
  fs.mkdirSync(path.join(folder, "opt/share/qemu"), { recursive: true });
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, QEMU_BINARY), "");
  expect(qemuPrograms(`/nowhere:${bin}:/usr/bin`)).toEqual([
    path.join(bin, QEMU_BINARY),
    path.join(folder, "opt/share/qemu"),
  ]);
  expect(qemuPrograms("/nowhere")).toEqual([]);
  if (fs.existsSync(`/usr/bin/${QEMU_BINARY}`)) expect(qemuPrograms(`/usr/bin:${bin}`)).toEqual([]);
});
