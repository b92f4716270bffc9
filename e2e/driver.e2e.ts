/** Conformance of the hardware drivers: what every adapter of main/hardware/driver.ts does, on real machines. */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { cachePaths, resolveCacheDir } from "../images/builder/cache-dir.ts";
import type { Template } from "../images/builder/template.ts";
import { resolvePaths } from "../main/base/paths.ts";
import { CHANNEL_NAMES, type ChannelName, type Machine, type MachineEnd } from "../main/hardware/driver.ts";
import { type DriverType, type RegisteredDriver, registered } from "../main/hardware/drivers.ts";
import { EXTERNAL } from "../main/hardware/external/definition.ts";
import { ExternalDriver } from "../main/hardware/external/driver.ts";
import { QEMU, type QemuDefinition } from "../main/hardware/qemu/definition.ts";
import { QemuDriver } from "../main/hardware/qemu/driver.ts";
import type { QemuVm } from "../main/hardware/qemu/launch.ts";
import { isAlive } from "./support/desktop.ts";
import { builtTemplate, initrdOf } from "./support/templates.ts";
import { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";

let home: string;
let template: Template;
let agent: ScriptedAgent;

test.beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-drv-"));
  agent = await ScriptedAgent.listen();
  template = await builtTemplate("debian");
});

test.afterAll(() => {
  agent.close();
  fs.rmSync(home, { recursive: true, force: true });
});

/** A machine whose kernel finds no init in its initrd: it runs, then it panics. */
function qemuDriver(): QemuDriver {
  const initrd = path.join(home, "empty.img");
  fs.writeFileSync(initrd, "");
  const { rootImage: baseImage, vmlinux: kernel, buildId } = template;
  const files = { build: path.basename(template.dir), buildId, baseImage, kernel, initrd };
  return driverOf(() =>
    Promise.resolve({ hostname: "conformance", memoryMiB: 256, cpus: 1, templateCpus: 1, template: files }),
  );
}

function driverOf(describe: () => Promise<QemuVm>): QemuDriver {
  const { probesDir } = cachePaths(resolveCacheDir());
  return new QemuDriver(resolvePaths({ ATOLL_HOME: home }), {
    describe,
    checkTemplate: () => undefined,
    guestNetwork: () => Promise.reject(new Error("none of these VMs has a network")),
    probesFolder: probesDir,
    snapshotsFolder: path.join(home, "snapshots"),
    forkLibrary: () => path.join(agentFolder(), "atoll-fork-memory.so"),
  });
}

function qemuDefinition(id = randomUUID() as VmId): QemuDefinition {
  return { id, name: "conformance", template: "debian", memory: null, cpus: null, network: "none" };
}

/** Where set-up has put what it has built of agents/. */
function agentFolder(): string {
  return (JSON.parse(fs.readFileSync("out/setup.json", "utf8")) as { agent: string }).agent;
}

/** Today's init and agent on the real template. */
function realGuestDriver(): QemuDriver {
  const { rootImage: baseImage, vmlinux: kernel, buildId } = template;
  const files = { build: path.basename(template.dir), buildId, baseImage, kernel };
  return driverOf(async () => {
    const initrd = await initrdOf("debian", agentFolder());
    return { hostname: "conformance", memoryMiB: 384, cpus: 1, templateCpus: 1, template: { ...files, initrd } };
  });
}

function socketOf(machine: Machine, channel: ChannelName): string {
  return machine.channels.open(channel).path;
}

function pidOf(machine: Machine): number {
  return Number(fs.readFileSync(path.join(path.dirname(socketOf(machine, "control")), "qemu.pid"), "utf8"));
}

/** Of a process; "" = it has ended. */
function commandLine(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function ended(machine: Machine): Promise<MachineEnd> {
  return new Promise((resolve) => machine.on("ended", resolve));
}

function canConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = net.connect(socket, () => {
      attempt.destroy();
      resolve(true);
    });
    attempt.once("error", () => resolve(false));
  });
}

function next(machine: Machine, name: "paused" | "resumed"): Promise<unknown> {
  return new Promise((resolve) => machine.on(name, (...values: unknown[]) => resolve(values[0])));
}

/** The machine that was adopted; fails where there was none. */
function machineOf(found: Machine | MachineEnd | null): Machine {
  if (found === null || "reason" in found) throw new Error("nothing runs");
  return found;
}

/** As the application has them: by a definition that only its driver's name says to be its own. */
const drivers: { type: DriverType; make: () => RegisteredDriver; options: () => object }[] = [
  { type: QEMU, make: () => registered(QEMU, qemuDriver()), options: () => ({ template: "debian" }) },
  {
    type: EXTERNAL,
    make: () => registered(EXTERNAL, new ExternalDriver()),
    options: () => ({ channels: agent.sockets }),
  },
];

for (const { type, make, options } of drivers) {
  const define = () => ({ id: randomUUID() as VmId, name: "conformance", ...make().define(options()) });
  test.describe(type.name, () => {
    test("defines a VM by what its schema takes, and by nothing less", () => {
      const { id: _, name: __, ...fields } = define();
      expect(type.fields.parse(fields)).toEqual(fields);
      for (const name of Object.keys(options()))
        expect(() => make().define({ ...options(), [name]: 1 })).toThrow(
          expect.objectContaining({ code: "usage.bad-argument" }),
        );
    });

    test("starts a machine whose channels can be connected to, and kills it", async () => {
      const driver = make();
      const definition = define();
      const machine = await driver.start(definition);
      expect(machine.id).toBe(definition.id);
      expect(machine.pauseCause).toBeNull();
      for (const channel of CHANNEL_NAMES) expect(await canConnect(socketOf(machine, channel))).toBe(true);
      const ends: MachineEnd[] = [];
      machine.on("ended", (end) => ends.push(end));
      await machine.kill();
      await expect.poll(() => ends).toEqual([{ reason: "killed" }]);
      await machine.kill(); // a second time is no error
      expect(ends).toHaveLength(1);
      await driver.remove(definition);
    });

    test("starts a machine again after it has ended", async () => {
      const driver = make();
      const definition = define();
      for (let run = 0; run < 2; run += 1) {
        const machine = await driver.start(definition);
        const end = ended(machine);
        await machine.kill();
        expect(await end).toEqual({ reason: "killed" });
      }
      expect(await driver.adopt(definition)).toBeNull();
      await driver.remove(definition);
    });

    test("pauses and resumes by events, or says that it cannot", async () => {
      const machine = await make().start(define());
      if (make().capabilities.canPause) {
        const paused = next(machine, "paused");
        await machine.pause();
        expect(await paused).toBe("asked");
        expect(machine.pauseCause).toBe("asked");
        const resumed = next(machine, "resumed");
        await machine.resume();
        await resumed;
        expect(machine.pauseCause).toBeNull();
        // A machine that is paused can be killed.
        await machine.pause();
      } else {
        await expect(machine.pause()).rejects.toMatchObject({ code: "vm.unsupported" });
        await expect(machine.resume()).rejects.toMatchObject({ code: "vm.unsupported" });
      }
      const end = ended(machine);
      await machine.kill();
      expect(await end).toEqual({ reason: "killed" });
    });

    test("reports nothing more of a machine that it has released", async () => {
      const driver = make();
      const definition = define();
      const machine = await driver.start(definition);
      let hasEnded = false;
      machine.on("ended", () => (hasEnded = true));
      machine.release();
      const found = await driver.adopt(definition);
      if (make().capabilities.outlivesApplication) {
        const again = machineOf(found);
        const end = ended(again);
        await again.kill();
        // Who has it now hears of it.
        await end;
      } else expect(found).toBeNull();
      expect(hasEnded).toBe(false);
    });

    test("presses a power button that only the guest can answer, or ends the machine for us at once", async () => {
      const machine = await make().start(define());
      const ends: MachineEnd[] = [];
      machine.on("ended", (end) => ends.push(end));
      await machine.pressPowerButton();
      // This guest has no init that could hear it.
      if (make().capabilities.canPressPowerButton) expect(ends).not.toContainEqual({ reason: "powered-off" });
      else expect(ends).toEqual([{ reason: "powered-off" }]);
      await machine.kill();
    });

    test("reports accelerator and start time where it runs the machine itself", async () => {
      const machine = await make().start(define());
      expect(machine.accelerator !== null).toBe(make().capabilities.runsMachine);
      expect(machine.startedAtMs !== null).toBe(make().capabilities.runsMachine);
      await machine.kill();
    });

    test("gives a machine interfaces, or says that it cannot", async () => {
      const machine = await make().start(define());
      expect(machine.nics !== null).toBe(make().capabilities.hasNics);
      await machine.kill();
    });

    test("makes what later machines start from, or says that it cannot", async () => {
      const driver = make();
      const definition = define();
      // What it makes is e2e/snapshots' to see; here it begins, and is cancelled.
      const cancelled = AbortSignal.abort(new AppError("vm.start-cancelled", "The test has seen enough."));
      const expected = driver.capabilities.canPrepare ? "vm.start-cancelled" : "vm.unsupported";
      await expect(driver.prepare(definition, cancelled)).rejects.toMatchObject({ code: expected });
      await driver.unprepare(definition);
      await driver.remove(definition);
    });

    test("adopts nothing where nothing runs", async () => {
      expect(await make().adopt(define())).toBeNull();
    });
  });
}

test.describe("qemu alone", () => {
  test("distinguishes a kill from outside from its own", async () => {
    const machine = await qemuDriver().start(qemuDefinition());
    const end = ended(machine);
    process.kill(pidOf(machine), "SIGKILL");
    expect(await end).toMatchObject({ reason: "machine-exited" });
  });

  test("reports a guest's panic", async () => {
    const machine = await qemuDriver().start(qemuDefinition());
    expect(await ended(machine)).toEqual({
      reason: "guest-panic",
      detail: expect.stringContaining("panic") as unknown as string,
    });
  });

  test("adopts a machine as it is, with all that it says from then on", async () => {
    const definition = qemuDefinition();
    const first = await qemuDriver().start(definition);
    await first.pause();
    await expect.poll(() => first.pauseCause).toBe("asked");
    first.release();
    const machine = machineOf(await qemuDriver().adopt(definition));
    expect(machine).toMatchObject({
      id: definition.id,
      startedAtMs: first.startedAtMs,
      pauseCause: "asked",
    });
    for (const channel of CHANNEL_NAMES) expect(socketOf(machine, channel)).toBe(socketOf(first, channel));
    const resumed = next(machine, "resumed");
    await machine.resume();
    await resumed;
    expect(await ended(machine)).toMatchObject({ reason: "guest-panic" });
  });

  test("reports once how a machine ended while nobody was there to see it", async () => {
    const panicked = qemuDefinition();
    const killed = qemuDefinition();
    // The first one may panic while the second one starts.
    (await qemuDriver().start(panicked)).release();
    const second = await qemuDriver().start(killed);
    const pid = pidOf(second);
    second.release();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(await qemuDriver().adopt(killed)).toMatchObject({ reason: "machine-exited" });
    expect(await qemuDriver().adopt(killed)).toBeNull();
    const machine = machineOf(await qemuDriver().adopt(panicked));
    expect(await ended(machine)).toMatchObject({ reason: "guest-panic" });
    expect(await qemuDriver().adopt(panicked)).toBeNull();
  });

  test("gives up a start that is cancelled, and leaves no process", async () => {
    const definition = qemuDefinition();
    const { id } = definition;
    const driver = qemuDriver();
    await (await driver.start(definition)).kill(); // its disk is there, so that QEMU is what is waited for
    const cancelling = new AbortController();
    const starting = driver.start(definition, cancelling.signal);
    const run = path.join(home, "run/vms", id.slice(0, 13));
    await expect.poll(() => fs.existsSync(path.join(run, "machine.json"))).toBe(true);
    cancelling.abort();
    const machine = await starting.catch(() => null);
    // It may have been there a moment before.
    await machine?.kill();
    expect(await driver.adopt(definition)).toBeNull();
  });

  test("takes no notice of what an earlier run left in the runtime folder", async () => {
    const id = randomUUID() as VmId;
    const run = path.join(home, "run/vms", id.slice(0, 13));
    fs.mkdirSync(run, { recursive: true, mode: 0o700 });
    for (const name of ["control.sock", "frames.sock", "qmp.sock", "qemu.pid", "machine.json"])
      fs.writeFileSync(path.join(run, name), "{");
    const machine = await qemuDriver().start(qemuDefinition(id));
    expect(await canConnect(socketOf(machine, "control"))).toBe(true);
    await machine.kill();
  });

  test("says when the agent is there, and hands the power button to the guest", async () => {
    const machine = await realGuestDriver().start(qemuDefinition());
    await new Promise<void>((resolve) => machine.on("agentPresent", (isPresent) => isPresent && resolve()));
    const end = ended(machine);
    await machine.pressPowerButton();
    expect(await end).toEqual({ reason: "powered-off" });
  });

  test("is in a box: namespaces of its own, and nothing of the host's files but its own", async () => {
    const definition = qemuDefinition();
    const machine = await qemuDriver().start(definition);
    const proc = `/proc/${pidOf(machine)}`;
    for (const name of ["mnt", "pid", "net", "ipc", "uts", "user"])
      expect(fs.readlinkSync(`${proc}/ns/${name}`), name).not.toBe(fs.readlinkSync(`/proc/self/ns/${name}`));

    const disk = path.join(home, "state/vms", definition.id, "disk.qcow2");
    const inside = (file: string): string => path.join(proc, "root", file);
    expect(fs.readdirSync(inside(path.dirname(disk)))).toEqual(["disk.qcow2"]);
    expect(fs.readdirSync(inside(path.join(home, "run")))).toEqual(["vms"]);
    expect(fs.readdirSync(inside(path.join(home, "run/vms")))).toEqual([definition.id.slice(0, 13)]);
    expect(fs.readdirSync(inside("/tmp"))).toEqual([path.basename(home)]);
    expect(fs.readdirSync(inside("/etc")).filter((name) => !/^(alternatives|ld\.so\.cache)$/.test(name))).toEqual([]);
    expect(fs.existsSync(inside("/var"))).toBe(false);

    // Whoever looks from outside finds the VM by what its QEMU was told, and finds one process.
    const owners = fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => commandLine(name).includes("atoll.hostname=conformance") && commandLine(name).includes(disk));
    expect(owners).toEqual([String(pidOf(machine))]);
    await machine.kill();
  });

  test("runs without capabilities, confined by seccomp, its folder closed to others", async () => {
    const machine = await qemuDriver().start(qemuDefinition());
    const folder = path.dirname(socketOf(machine, "control"));
    const status = fs.readFileSync(`/proc/${pidOf(machine)}/status`, "utf8");
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    // An ordinary user may not empty this set, and has nothing to gain from it without new privileges.
    if (process.getuid?.() === 0) expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    await machine.kill();
  });
});
