/**
 * The driver's own duties, with a stand-in for QEMU that reaches the states which a real one cannot be brought to on
 * demand. What every driver does is e2e's, on real machines.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import fsp from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { bootId } from "../../base/boot-id.ts";
import { type Paths, resolvePaths, vmRunFolder, vmStateFolder } from "../../base/paths.ts";
import { guestNetwork } from "../../networks/addresses.ts";
import { DEVICES, gapsOf, SYSTEM_PATHS } from "./box.ts";
import { probeBox } from "./box-probe.ts";
import type { QemuDefinition } from "./definition.ts";
import type { TemplateFiles } from "./disk.ts";
import { QemuDriver } from "./driver.ts";
import { isAlive, logTail, QemuMachine } from "./machine.ts";
import { LOG_KIB } from "./process.ts";
import { KVM_DEVICE, QEMU_BINARY } from "./probe.ts";
import { scopeWords } from "./weight.ts";

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
  const file = (name: string): string => path.join(folder, name);
  for (const name of ["base", "kernel", "initrd"]) fs.writeFileSync(file(name), name);
  template = {
    build: "build",
    buildId: "first",
    baseImage: file("base"),
    kernel: file("kernel"),
    initrd: file("initrd"),
  };
  definition = { id, name: "test", template: "debian", memory: null, cpus: null, network: "none" };
  driver = driverOf(QemuDriver);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const pid of qemusOf(id)) process.kill(pid, "SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function driverOf(Driver: typeof QemuDriver): QemuDriver {
  return new Driver(paths, {
    describe: () => {
      whenDescribed();
      return Promise.resolve({ hostname: "test", memoryMiB: 64, cpus: 1, templateCpus: 1, template });
    },
    checkTemplate: (name) => {
      if (name !== "debian") throw new AppError("template.not-found", "There is no such template.");
    },
    guestNetwork: () => Promise.resolve(guestNetwork(1)),
    probesFolder: path.join(folder, "probes"),
    snapshotsFolder: path.join(folder, "snapshots"),
    forkLibrary: () => null,
  });
}

const run = (name: string): string => path.join(vmRunFolder(paths, id), name);

function executable(name: string, text: string): void {
  fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

const SHUT_DOWN = '{"event": "SHUTDOWN", "data": {"reason": "guest-shutdown"}}';

/**
 * A QEMU that does `before`, then has a monitor for one client at a time.
 *
 * @param answer to `execute`, in JavaScript
 */
function qemuThat({ before = "", answer = "{ return: ANSWERS[execute] ?? {} }" } = {}): void {
  executable(
    QEMU_BINARY,
    // One file, as the box has no other. Its second line is the shell's: what is asked before a start, and by the probe, needs no
    // Node, which takes longer to start than all else.
    `#!/bin/sh
":" //; for word; do case $word in --version) echo "QEMU emulator version 7.2.0"; exit;; stdio) echo '${SHUT_DOWN}'; exit;; esac; done; unset PWD; exec node "$0" "$@"
const fs = require("node:fs"), net = require("node:net"), path = require("node:path");
const args = process.argv.slice(2);
fs.writeFileSync("begun", "");
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
net.createServer(serve).listen("qmp.sock");
`,
  );
}

/** A QEMU of an earlier run of the application, with its record. */
async function earlierQemu(): Promise<ChildProcess> {
  fs.mkdirSync(run("."), { recursive: true, mode: 0o700 });
  const child = spawn(path.join(folder, QEMU_BINARY), ["-uuid", id], { cwd: run("."), stdio: "ignore" });
  await once(child, "spawn");
  // A process that is just becoming another program has no command line, by which it is known.
  await vi.waitFor(() => expect(fs.existsSync(run("begun"))).toBe(true));
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
    expect(qemusOf(id)).toHaveLength(1);
    await second.kill();
  });

  it("is refused while a QEMU runs of which the record is lost", async () => {
    const first = await driver.start(definition);
    first.release();
    fs.rmSync(run("machine.json"));
    await expect(driver.start(definition)).rejects.toMatchObject({
      code: "hardware.disk-in-use",
      details: { pid: qemusOf(id)[0] },
    });
    expect(fs.existsSync(run("qmp.sock"))).toBe(true);
  });

  it("lets QEMU execute only when its record is written", async () => {
    const write = fsp.writeFile;
    let goOn = (): void => undefined;
    const allowed = new Promise<void>((resolve) => (goOn = resolve));
    let record = "";
    vi.spyOn(fsp, "writeFile").mockImplementation(async (...args) => {
      if (args[0] === run("machine.json")) {
        record = args[1] as string;
        await allowed;
      }
      return write(...args);
    });
    const starting = driver.start(definition);
    await vi.waitFor(() => expect(record).not.toBe(""));
    const { pid } = JSON.parse(record) as { pid: number };
    // The shell that will execute QEMU sleeps: it reads, and waits for its words.
    await vi.waitFor(() => expect(fileOf(pid, "stat")).toMatch(/^\d+ \(bash\) S/));
    expect(fs.existsSync(run("begun"))).toBe(false);
    goOn();
    await (await starting).kill();
    expect(fs.existsSync(run("begun"))).toBe(true);
  });

  it("whose record cannot be written leaves no process", async () => {
    const write = fsp.writeFile;
    let record = "";
    vi.spyOn(fsp, "writeFile").mockImplementation(async (...args) => {
      if (args[0] !== run("machine.json")) return write(...args);
      record = args[1] as string;
      throw new Error("EROFS: read-only file system");
    });
    await expect(driver.start(definition)).rejects.toThrow("EROFS");
    const { pid } = JSON.parse(record) as { pid: number };
    expect(isAlive(pid)).toBe(false);
    expect(qemusOf(id)).toEqual([]);
  });

  it("follows no link and waits for no pipe that an earlier QEMU left in its folder", async () => {
    const first = await driver.start(definition);
    await first.kill();
    const victim = path.join(folder, "victim");
    fs.writeFileSync(victim, "mine");
    for (const name of ["machine.json", "qemu.pid", "qemu.log"]) {
      fs.rmSync(run(name), { force: true });
      fs.symlinkSync(victim, run(name));
    }
    await (await driver.start(definition)).kill();
    expect(fs.readFileSync(victim, "utf8")).toBe("mine");
    for (const name of ["machine.json", "qemu.log"]) {
      fs.rmSync(run(name), { force: true });
      execFileSync("/usr/bin/mkfifo", [run(name)]);
    }
    await (await driver.start(definition)).kill();
  });

  it("whose interface cannot be cut off leaves no process, and the next one starts", async () => {
    const bad = '{ error: { class: "GenericError", desc: "no" } }';
    qemuThat({ answer: `execute === "set_link" ? ${bad} : { return: ANSWERS[execute] ?? {} }` });
    const networked: QemuDefinition = { ...definition, network: "direct" };
    await expect(driver.start(networked)).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(qemusOf(id)).toEqual([]);
    qemuThat();
    await (await driver.start(networked)).kill();
  });

  it("whose monitor fails leaves no process", async () => {
    qemuThat({ answer: '{ error: { class: "GenericError", desc: "no" } }' });
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(qemusOf(id)).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "takes no notice of somebody else's process that looks like its QEMU",
    async () => {
      const words = ["-c", "read -r _", "-uuid", id, "end"];
      const stranger = spawn("/bin/sh", words, { uid: 65534, stdio: ["pipe", "ignore", "ignore"] });
      try {
        await once(stranger, "spawn");
        await (await driver.start(definition)).kill();
        expect(stranger.exitCode).toBeNull();
      } finally {
        stranger.kill("SIGKILL");
        await once(stranger, "exit");
      }
    },
  );

  it("distinguishes a disk that is in use from a broken one", async () => {
    const words = `${QEMU_BINARY}: -blockdev x: Failed to get \\"write\\" lock\\nIs another process using the image [disk.qcow2]?`;
    qemuThat({ before: `fs.writeSync(2, "${words}\\n"); process.exit(1);` });
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "hardware.disk-in-use" });
  });

  it.each([
    ["CPUWeight MemoryMax", true],
    ["MemoryMax", true],
    ["", false],
  ])("puts QEMU into a scope with its VM's bounds where some hold (%j)", async (limits, isScoped) => {
    const note = path.join(folder, "scope");
    executable(
      "systemd-run",
      `#!/bin/bash
while [ "$1" != -- ]; do words+=("$1"); shift; done
if [ "$2" = /bin/sh ]; then printf '%s\n' ${limits}; exit; fi
printf '%s\n' "\${words[@]}" "$XDG_RUNTIME_DIR" >${note}
shift
exec "$@"
`,
    );
    vi.stubEnv("XDG_RUNTIME_DIR", "/run/user/7");
    // What the host can do is asked once for each run of the application.
    vi.resetModules();
    const fresh = driverOf((await import("./driver.ts")).QemuDriver);
    await (await fresh.start(definition)).kill();
    const [, ...words] = scopeWords(64).slice(0, -1);
    expect(fs.existsSync(note)).toBe(isScoped);
    if (isScoped) expect(fs.readFileSync(note, "utf8").trim().split("\n")).toEqual([...words, "/run/user/7"]);
  });

  it("gives QEMU no way to privileges", async () => {
    const machine = await driver.start(definition);
    const status = fileOf(qemusOf(id)[0] ?? 0, "status");
    await machine.kill();
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    if (process.getuid?.() !== 0) return;
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, "m"));
  });
});

const { box } = await probeBox();
const isWholeBox = box.namespaces !== null && gapsOf(box).length === 0;
const isCi = Boolean(process.env["CI"]);

/** A stand-in's words, once it has said all. */
async function report<Value>(name: string): Promise<Value> {
  return vi.waitFor(() => JSON.parse(fs.readFileSync(run(name), "utf8")) as Value);
}

// Where the host can make none, only CI fails.
describe.skipIf(!isWholeBox && !isCi)("the box", () => {
  it("has in it the VM's own files, the host's programs, and nothing else", async () => {
    fs.mkdirSync(path.join(paths.run, "vms/other"), { recursive: true, mode: 0o700 });
    for (const name of ["run/control.token", "run/vms/other/qmp.sock", "config/settings.yaml", "state/disk.qcow2"]) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), "secret");
    }
    qemuThat({
      before: `fs.writeFileSync("seen", JSON.stringify({ env: Object.keys(process.env), files: walk("/") }));
function walk(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (${JSON.stringify(SYSTEM_PATHS)}.includes(file)) return [];
    return entry.isDirectory() ? walk(file) : [file];
  });
}`,
    });
    const machine = await driver.start(definition);
    const { env, files } = await report<{ env: string[]; files: string[] }>("seen");
    await machine.kill();
    const own = ["machine.json", "qemu.log", "qemu.pid", "begun"].map(run);
    const disk = path.join(vmStateFolder(paths, id), "disk.qcow2");
    const { baseImage, kernel, initrd } = template;
    const program = path.join(folder, QEMU_BINARY);
    // Where KVM works its device is there too.
    expect(files.filter((file) => file !== KVM_DEVICE).toSorted()).toEqual(
      [...own, disk, baseImage, kernel, initrd, program, ...DEVICES].toSorted(),
    );
    expect(env.toSorted()).toEqual(["LC_ALL", "PATH"]);
  });

  it("lets QEMU write its disk and its folder, and nothing that other VMs use", async () => {
    qemuThat({
      before: `const file = (name) => path.join(${JSON.stringify(folder)}, name);
const write = (name) => { try { fs.writeFileSync(name, "mine"); return "written"; } catch ({ code }) { return code; } };
const disk = ${JSON.stringify(path.join(vmStateFolder(paths, id), "disk.qcow2"))};
const names = [disk, "note", file("base"), file("kernel"), file("initrd"), file("new"), "/new", "/dev/new", "/usr/new"];
fs.writeFileSync("written", JSON.stringify(names.map(write)));`,
    });
    const machine = await driver.start(definition);
    const [ownDisk, ownFolder, ...others] = await report<string[]>("written");
    await machine.kill();
    expect([ownDisk, ownFolder]).toEqual(["written", "written"]);
    expect(others).toEqual(others.map(() => "EROFS"));
  });

  it("lets it reach no socket, network or process of the host", async () => {
    const servers = await Promise.all([
      listen({ path: paths.controlSocket }),
      listen({ path: path.join(paths.run, "vms/other/qmp.sock") }),
      listen({ path: `\0atoll-${id}` }),
      listen({ host: "127.0.0.1", port: 0 }),
    ]);
    const targets = servers.map((server) => {
      const address = server.address();
      return typeof address === "string" ? { path: address } : { host: "127.0.0.1", port: address?.port ?? 0 };
    });
    qemuThat({
      before: `const { execFileSync } = require("node:child_process");
const connect = (target) => new Promise((resolve) => {
  const attempt = net.connect(target, () => resolve("connected"));
  attempt.on("error", ({ code }) => resolve(code));
});
const code = (act) => { try { return String(act()); } catch (error) { return error.code ?? error.message; } };
const host = ${process.pid};
// PTRACE_ATTACH of x86-64.
const traced = () => execFileSync("/usr/bin/perl", ["-e", "print syscall(101, 16, " + host + ", 0, 0)"]);
Promise.all(${JSON.stringify(targets)}.map(connect)).then((connections) =>
  fs.writeFileSync("reached", JSON.stringify({
    connections, own: process.pid,
    signalled: code(() => process.kill(host, 0)), traced: code(traced), read: code(() => fs.readFileSync("/proc/" + host + "/environ")),
  })));`,
    });
    try {
      // Without the box each of them answers.
      for (const target of targets) expect(await connected(target)).toBe(true);
      const machine = await driver.start(definition);
      const reached = await report<Record<string, unknown>>("reached");
      await machine.kill();
      expect(reached).toEqual({
        connections: ["ENOENT", "ENOENT", "ECONNREFUSED", "ECONNREFUSED"],
        own: 1,
        signalled: "ESRCH",
        traced: "-1",
        read: "ENOENT",
      });
    } finally {
      for (const server of servers) server.close();
    }
  });

  it("goes on when what has made it is killed, and ends with QEMU", async () => {
    const machine = await driver.start(definition);
    const [pid = 0] = qemusOf(id);
    const maker = Number(/^PPid:\s+(\d+)$/m.exec(fileOf(pid, "status"))?.[1]);
    expect(fileOf(maker, "comm")).toBe("bwrap\n");
    // Nothing but QEMU says whose it is.
    expect(fileOf(maker, "cmdline")).not.toContain(id);
    process.kill(maker, "SIGKILL");
    await vi.waitFor(() => expect(isAlive(maker)).toBe(false));
    machine.release();
    const found = (await driver.adopt(definition)) as QemuMachine;
    await found.kill();
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });
});

describe("QEMU's log", () => {
  it("keeps its first part, however much QEMU says, and QEMU does not wait", async () => {
    const mebibytes = 8;
    qemuThat({
      before: `fs.writeSync(2, "first\\n");
for (let i = 0; i < ${mebibytes * 16}; i += 1) fs.writeSync(2, Buffer.alloc(65536, "x"));`,
    });
    const machine = await driver.start(definition);
    const log = fs.readFileSync(run("qemu.log"), "utf8");
    expect(log).toHaveLength(LOG_KIB * 1024);
    expect(log.startsWith("first\n")).toBe(true);
    // Its writer is apart, so that it goes on without the application.
    const { logPid } = JSON.parse(fs.readFileSync(run("machine.json"), "utf8")) as { logPid: number };
    expect(isAlive(logPid)).toBe(true);
    await machine.kill();
    await vi.waitFor(() => expect(isAlive(logPid)).toBe(false));
  });

  it("is whole when the machine's end is told", async () => {
    qemuThat({
      answer:
        "(setImmediate(() => { fs.writeSync(2, 'last words'); process.exit(1); }), { return: ANSWERS[execute] ?? {} })",
    });
    await expect(driver.start(definition)).rejects.toMatchObject({ details: { log: "last words" } });
  });

  it("is read from its end", async () => {
    const machine = await driver.start(definition);
    await machine.kill();
    fs.writeFileSync(run("qemu.log"), `${"x".repeat(100_000)}\nend\n`);
    expect(logTail(run("."))).toMatch(/^x{1995}\nend$/);
    // QEMU could have put something else in its place.
    fs.renameSync(run("qemu.log"), run("other"));
    fs.symlinkSync(run("other"), run("qemu.log"));
    expect(logTail(run("."))).toBe("");
    fs.rmSync(run("qemu.log"));
    execFileSync("/usr/bin/mkfifo", [run("qemu.log")]);
    expect(logTail(run("."))).toBe("");
  });
});

describe("a new VM", () => {
  it("has what was asked for, and defaults for the rest", () => {
    expect(driver.define({ memory: 512 })).toEqual({
      template: "debian",
      memory: 512,
      cpus: null,
      network: "none",
    });
  });

  it("is refused with a sentence where it could not start with its memory", () => {
    expect(driver.define({ template: "debian", memory: 128 })).toMatchObject({ memory: 128 });
    expect(() => driver.define({ template: "debian", memory: 127 })).toThrow(/memory: a VM needs at least 128 MiB/);
  });

  it.each([
    [{ template: "debian", network: "shared" }, "usage.bad-argument"],
    [{ template: "missing" }, "template.not-found"],
    [{ template: "debian", memory: 1 }, "usage.bad-argument"],
    [{ template: 3 }, "usage.bad-argument"],
  ])("of %o is refused with %s", (options, code) => {
    expect(() => driver.define(options)).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe("a machine", () => {
  it("whose QEMU speaks as no QEMU does is ended, process and all", async () => {
    qemuThat({ answer: `fs.existsSync("bad") ? { event: "SHUTDOWN" } : { return: ANSWERS[execute] ?? {} }` });
    const machine = await driver.start(definition);
    const ended = new Promise((resolve) => machine.on("ended", resolve));
    fs.writeFileSync(run("bad"), "");
    await expect(machine.pause()).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(await ended).toEqual({
      reason: "machine-exited",
      detail: "QEMU broke the protocol of its monitor (QMP), and was ended.",
    });
    await vi.waitFor(() => expect(qemusOf(id)).toEqual([]));
  });

  it("has ended when its QEMU is gone, which closes its monitor before: it can be started again at once", async () => {
    qemuThat({
      answer: `execute === "stop" ? (socket.destroy(), setTimeout(() => process.exit(1), 2_000), {}) : { return: ANSWERS[execute] ?? {} }`,
    });
    const machine = await driver.start(definition);
    const ended = new Promise((resolve) => machine.on("ended", resolve));
    await expect(machine.pause()).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(qemusOf(id)).toHaveLength(1);
    expect(await ended).toMatchObject({ reason: "machine-exited" });
    expect(qemusOf(id)).toEqual([]);
    const next = await driver.start(definition);
    // Who kills it meanwhile need not wait for it.
    await expect(next.pause()).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    await next.kill();
    expect(qemusOf(id)).toEqual([]);
  });

  it("whose QEMU closes its monitor and goes on is ended", async () => {
    qemuThat({
      answer: `execute === "stop" ? (socket.destroy(), {}) : { return: ANSWERS[execute] ?? {} }`,
    });
    const machine = await driver.start(definition);
    const ended = new Promise((resolve) => machine.on("ended", resolve));
    await expect(machine.pause()).rejects.toMatchObject({ code: "hardware.monitor-failed" });
    expect(await ended).toMatchObject({ reason: "machine-exited" });
    expect(qemusOf(id)).toEqual([]);
  }, 30_000);

  it("whose events were too many is asked what it does", async () => {
    qemuThat({
      answer: `execute === "stop" ? (socket.write('{"timestamp": {}, "event": "RESUME"}\\n'.repeat(500)), ANSWERS["query-status"].status = "paused", { return: {} }) : { return: ANSWERS[execute] ?? {} }`,
    });
    const machine = await driver.start(definition);
    const paused = new Promise((resolve) => machine.on("paused", resolve));
    await machine.pause();
    expect(await paused).toBe("asked");
    await machine.kill();
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

  it("of another machine that answers in its place is refused", async () => {
    qemuThat({
      answer: `{ return: execute === "query-uuid" ? { UUID: "${randomUUID()}" } : (ANSWERS[execute] ?? {}) }`,
    });
    const { pid } = await earlierQemu();
    await expect(driver.adopt(definition)).rejects.toMatchObject({
      code: "hardware.monitor-failed",
      details: { pid },
      message: expect.stringContaining("Another machine answers") as unknown as string,
    });
  });

  it("takes nobody's word for which process is the machine's", async () => {
    const child = await earlierQemu();
    const bystander = spawn("sleep", ["60"], { stdio: "ignore" });
    try {
      const record = JSON.parse(fs.readFileSync(run("machine.json"), "utf8")) as object;
      fs.writeFileSync(run("machine.json"), JSON.stringify({ ...record, pid: bystander.pid }));
      const machine = await vi.waitFor(async () => {
        const found = await driver.adopt(definition);
        expect(found).toBeInstanceOf(QemuMachine);
        return found as QemuMachine;
      }, 20_000);
      await machine.kill();
      await vi.waitFor(() => expect(isAlive(child.pid ?? 0)).toBe(false));
      expect(isAlive(bystander.pid ?? 0)).toBe(true);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

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

  it("of a VM that starts fresh is its image's at each start, whatever an earlier one has left", async () => {
    // What goes on from a kept memory has a disk without a record.
    fs.rmSync(file("disk.json"));
    await (await driver.start({ ...definition, startsFresh: true })).kill();
    expect(fs.readFileSync(file("disk.qcow2"), "utf8")).not.toBe("precious");
  });

  it("of what it keeps is made once, by a program that a user's path may lack, and stays", async () => {
    vi.stubEnv("PATH", `${folder}:${path.dirname(process.execPath)}:/usr/bin:/bin`);
    const keeping = { ...definition, startsFresh: true, keepsFiles: true };
    const machine = await driver.start(keeping);
    expect(fs.readFileSync(`/proc/${qemusOf(id)[0]}/cmdline`, "utf8")).toContain(file("kept.img"));
    await machine.kill();
    const { size, blocks } = fs.statSync(file("kept.img"));
    expect([size, blocks * 512 < size / 16]).toEqual([2 ** 31, true]);
    fs.writeFileSync(file("kept.img"), "precious");
    await (await driver.start(keeping)).kill();
    expect(fs.readFileSync(file("kept.img"), "utf8")).toBe("precious");
  });

  it("is based on the build that it was made of, and is not put on another one in the same folder", async () => {
    await (await driver.start(definition)).kill();
    template.buildId = "second";
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "template.build-gone" });
    expect(qemusOf(id)).toEqual([]);
    expect(fs.readFileSync(file("disk.qcow2"), "utf8")).toBe("precious");
  });

  it("of a service's former build is gone before the record names the next one", async () => {
    template.buildId = "second";
    const service: QemuDefinition = { ...definition, service: "words" };
    const rename = fsp.rename;
    vi.spyOn(fsp, "rename").mockImplementation((from, to) =>
      to === file("disk.qcow2") ? Promise.reject(new Error("cut short")) : rename(from, to),
    );
    await expect(driver.start(service)).rejects.toThrow("cut short");
    expect(fs.existsSync(file("disk.qcow2"))).toBe(false);
    vi.mocked(fsp.rename).mockRestore();
    await (await driver.start(service)).kill();
    expect(fs.readFileSync(file("disk.qcow2"), "utf8")).not.toBe("precious");
  });

  it("of a time when builds had no id takes that of its build, once", async () => {
    fs.writeFileSync(file("disk.json"), JSON.stringify({ templateBuild: "build" }));
    await (await driver.start(definition)).kill();
    template.buildId = "second";
    await expect(driver.start(definition)).rejects.toMatchObject({ code: "template.build-gone" });
  });

  it("whose data would be in another file is refused before QEMU sees it", async () => {
    const header = Buffer.alloc(104);
    header.writeUInt32BE(0x51_46_49_fb, 0);
    header.writeUInt32BE(3, 4);
    header.writeUInt32BE(4, 76);
    fs.writeFileSync(file("disk.qcow2"), header);
    await expect(driver.start(definition)).rejects.toMatchObject({
      code: "hardware.disk-broken",
      details: { disk: file("disk.qcow2") },
    });
    expect(qemusOf(id)).toEqual([]);
  });
});

function listen(where: net.ListenOptions): Promise<net.Server> {
  if (where.path?.startsWith("/") === true) fs.mkdirSync(path.dirname(where.path), { recursive: true, mode: 0o700 });
  const server = net.createServer();
  return new Promise((resolve) => server.listen(where, () => resolve(server)));
}

function connected(target: net.NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = net.connect(target, () => {
      attempt.destroy();
      resolve(true);
    });
    attempt.once("error", () => resolve(false));
  });
}

/** Process ids of the VM's QEMUs that run, as the host counts. */
function qemusOf(vm: VmId): number[] {
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && isAlive(pid) && fileOf(pid, "cmdline").includes(`\0-uuid\0${vm}\0`));
}

/** What /proc says of a process; "" = it has ended. */
function fileOf(pid: number, name: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
