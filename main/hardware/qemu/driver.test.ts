/**
 * The driver's own duties, with a stand-in for QEMU that reaches the states which a real one cannot be brought to on
 * demand. What every driver does is e2e's, on real machines.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { bootId } from "../../base/boot-id.ts";
import { type Paths, resolvePaths, vmRunFolder, vmStateFolder } from "../../base/paths.ts";
import type { QemuDefinition } from "./definition.ts";
import { QemuDriver, type TemplateFiles } from "./driver.ts";
import { QemuMachine } from "./machine.ts";
import { QEMU_BINARY } from "./probe.ts";

let folder: string;
let paths: Paths;
let id: VmId;
let definition: QemuDefinition;
let driver: QemuDriver;
let template: TemplateFiles;
/** Called when a start has found that nothing runs. */
let whenDescribed: () => void;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-drv-"));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  paths = resolvePaths({ ATOLL_HOME: folder });
  id = randomUUID() as VmId;
  executable("qemu-img", '#!/bin/sh\nfor last; do :; done; : >"$last"\n');
  qemuThat();
  whenDescribed = () => undefined;
  template = { build: "build", buildId: "first", baseImage: "/base", kernel: "/kernel", initrd: "/initrd" };
  definition = { id, name: "test", template: "debian", memory: null, cpus: null, network: "none" };
  driver = new QemuDriver(paths, {
    describe: () => {
      whenDescribed();
      return Promise.resolve({ hostname: "test", memoryMiB: 64, cpus: 1, templateCpus: 1, template });
    },
    checkTemplate: (name) => {
      if (name !== "debian") throw new AppError("template.not-found", "There is no such template.");
    },
    probesFolder: path.join(folder, "probes"),
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const pid of started()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const run = (name: string): string => path.join(vmRunFolder(paths, id), name);

function executable(name: string, text: string): void {
  fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

/**
 * A QEMU that does `before`, then has a monitor for one client at a time.
 *
 * @param answer to `execute`, in JavaScript
 */
function qemuThat({ before = "", answer = "{ return: ANSWERS[execute] ?? {} }" } = {}): void {
  executable(
    QEMU_BINARY,
    `#!/usr/bin/env node
const fs = require("node:fs"), net = require("node:net");
const args = process.argv.slice(2);
if (args.includes("--version")) { console.log("QEMU emulator version 7.2.0"); process.exit(); }
// Of the probe.
if (args.includes("stdio")) { console.log('{"event": "SHUTDOWN", "data": {"reason": "guest-shutdown"}}'); process.exit(); }
fs.appendFileSync(${JSON.stringify(path.join(folder, "started"))}, process.pid + "\\n");
fs.writeFileSync("status", fs.readFileSync("/proc/self/status"));
const UUID = args[args.indexOf("-uuid") + 1];
const ANSWERS = { "query-uuid": { UUID }, "query-chardev": [], "query-status": { status: "running" } };
let served = null;
const waiting = [];
const serve = (socket) => {
  if (served !== null) return void waiting.push(socket);
  served = socket;
  socket.on("error", () => {});
  socket.on("close", () => {
    served = null;
    if (waiting.length > 0) serve(waiting.shift());
  });
  socket.on("data", (text) => {
    for (const line of String(text).trim().split("\\n")) {
      const { execute, id } = JSON.parse(line);
      socket.write(JSON.stringify({ ...(${answer}), id }) + "\\n");
    }
  });
};
${before}
fs.writeFileSync("qemu.pid", String(process.pid));
net.createServer(serve).listen("qmp.sock");
`,
  );
}

/** Process ids of all that were started, in order. */
function started(): number[] {
  const file = path.join(folder, "started");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n").map(Number) : [];
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** A QEMU of an earlier run of the application, with its record. */
async function earlierQemu(): Promise<ChildProcess> {
  fs.mkdirSync(run("."), { recursive: true, mode: 0o700 });
  const child = spawn(path.join(folder, QEMU_BINARY), ["-uuid", id], { cwd: run("."), stdio: "ignore" });
  await once(child, "spawn");
  const record = { id, accelerator: "tcg", startedAtMs: 1, pid: child.pid, bootId: await bootId() };
  fs.writeFileSync(run("machine.json"), JSON.stringify(record));
  return child;
}

describe("a start", () => {
  it("takes over a machine that runs, and starts no second one", async () => {
    const first = await driver.start(definition);
    first.release();
    const second = await driver.start(definition);
    expect(second.startedAtMs).toBe(first.startedAtMs);
    expect(started()).toHaveLength(1);
    await second.kill();
  });

  it("is refused while a QEMU runs of which the record is lost", async () => {
    const first = await driver.start(definition);
    first.release();
    fs.rmSync(run("machine.json"));
    await expect(driver.start(definition)).rejects.toMatchObject({
      code: "hardware.disk-in-use",
      details: { pid: started()[0] },
    });
    expect(fs.existsSync(run("qmp.sock"))).toBe(true);
  });

  it("lets QEMU execute only when its record is written", async () => {
    // Whoever writes into it waits for a reader.
    whenDescribed = () => execFileSync("/usr/bin/mkfifo", [run("machine.json")]);
    const starting = driver.start(definition);
    await vi.waitFor(() => expect(processesOf(id)).toHaveLength(1), 20_000);
    // The shell that will execute QEMU sleeps: it reads, and waits for the record.
    await vi.waitFor(() => expect(sleepingShellsOf(id)).toHaveLength(1), 20_000);
    expect(started()).toEqual([]);
    await fs.promises.readFile(run("machine.json"));
    await (await starting).kill();
  });

  it("whose record cannot be written leaves no process", async () => {
    fs.mkdirSync(run("."), { recursive: true, mode: 0o700 });
    fs.symlinkSync("/nowhere/at/all", run("machine.json"));
    await expect(driver.start(definition)).rejects.toThrow("ENOENT");
    expect(processesOf(id)).toEqual([]);
  });

  it("whose monitor fails leaves no process", async () => {
    qemuThat({ answer: '{ error: { class: "GenericError", desc: "no" } }' });
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(started().map(isAlive)).toEqual([false]);
  });

  it("distinguishes a disk that is in use from a broken one", async () => {
    const words = `${QEMU_BINARY}: -blockdev x: Failed to get \\"write\\" lock\\nIs another process using the image [disk.qcow2]?`;
    qemuThat({ before: `fs.writeSync(2, "${words}\\n"); process.exit(1);` });
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "hardware.disk-in-use" });
  });

  it("gives QEMU no way to privileges", async () => {
    const machine = await driver.start(definition);
    const status = fs.readFileSync(run("status"), "utf8");
    await machine.kill();
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    if (process.getuid?.() !== 0) return;
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, "m"));
  });
});

describe("a new VM", () => {
  it("has what was asked for, and defaults for the rest", () => {
    expect(driver.define({ template: "debian", memory: 512 })).toEqual({
      template: "debian",
      memory: 512,
      cpus: null,
      network: "none",
    });
  });

  it.each([
    [{ template: "debian", network: "direct" }, "vm.network-unsupported"],
    [{ template: "missing" }, "template.not-found"],
    [{ template: "debian", memory: 1 }, "usage.bad-argument"],
    [{}, "usage.bad-argument"],
  ])("of %o is refused with %s", (options, code) => {
    expect(() => driver.define(options)).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe("an adoption", () => {
  it("waits for a monitor that is not there yet", async () => {
    qemuThat({ before: "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);" });
    await earlierQemu();
    const machine = await driver.adopt(definition);
    expect(machine).toBeInstanceOf(QemuMachine);
    await (machine as QemuMachine).kill();
  });

  it.each(["qmp_capabilities", "query-uuid", "query-chardev"])(
    "that fails at %s names the process, and lets go of its monitor",
    async (command) => {
      const bad = '{ error: { class: "GenericError", desc: "no" } }';
      qemuThat({
        answer: `fs.existsSync("bad") && execute === "${command}" ? ${bad} : { return: ANSWERS[execute] ?? {} }`,
      });
      const { pid } = await earlierQemu();
      fs.writeFileSync(run("bad"), "");
      await expect(driver.adopt(definition)).rejects.toMatchObject({
        code: "hardware.monitor-failed",
        details: { pid },
      });
      fs.rmSync(run("bad"));
      expect(await driver.adopt(definition)).toBeInstanceOf(QemuMachine);
    },
  );

  it("knows a process that only has the number of its QEMU", async () => {
    const child = await earlierQemu();
    const record = JSON.parse(fs.readFileSync(run("machine.json"), "utf8")) as object;
    child.kill("SIGKILL");
    await once(child, "exit");
    fs.writeFileSync(run("machine.json"), JSON.stringify({ ...record, pid: process.pid }));
    expect(await driver.adopt(definition)).toMatchObject({ reason: "machine-exited" });
  });
});

describe("a disk", () => {
  const file = (name: string): string => path.join(vmStateFolder(paths, id), name);

  beforeEach(async () => {
    await (await driver.start(definition)).kill();
    fs.writeFileSync(file("disk.qcow2"), "precious");
  });

  it("is based on the build that it was made of, and is not put on another one in the same folder", async () => {
    await (await driver.start(definition)).kill();
    template.buildId = "second";
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "template.build-gone" });
    expect(started()).toHaveLength(2);
    expect(fs.readFileSync(file("disk.qcow2"), "utf8")).toBe("precious");
  });

  it("of a time when builds had no id takes that of its build, once", async () => {
    fs.writeFileSync(file("disk.json"), JSON.stringify({ templateBuild: "build" }));
    await (await driver.start(definition)).kill();
    template.buildId = "second";
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "template.build-gone" });
  });
});

/** Processes that have the VM's id among their words. */
function processesOf(vm: VmId): string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => fileOf(name, "cmdline").replaceAll("\0", " ").includes(vm));
}

/** Of those, shells without anything to do: nothing but their input wakes them. */
function sleepingShellsOf(vm: VmId): string[] {
  return processesOf(vm).filter((name) => /^\d+ \(bash\) S/.test(fileOf(name, "stat")));
}

/** What /proc says of a process; "" = it has ended. */
function fileOf(pid: string, name: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
