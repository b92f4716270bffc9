/** Conformance of the hardware drivers: what every adapter of main/hardware/driver.ts does, on real machines. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import type { VmId } from "#shared/model/vm.ts";
import type { Template } from "../images/builder/template.ts";
import { resolvePaths } from "../main/base/paths.ts";
import type { Driver, Machine, MachineEnd } from "../main/hardware/driver.ts";
import { ExternalDriver } from "../main/hardware/external/driver.ts";
import { QemuDriver } from "../main/hardware/qemu/driver.ts";
import { isAlive } from "./support/desktop.ts";
import { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";

let home: string;
let template: Template;
let agent: ScriptedAgent;

test.beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-drv-"));
  agent = await ScriptedAgent.listen();
  const { stdout } = await builder("list");
  const statuses = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { recipe: { name: string }; built: Template | null });
  const built = statuses.find(({ recipe }) => recipe.name === "debian")?.built;
  if (built === undefined || built === null) throw new Error("no template: npm test builds it first");
  template = built;
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
  return new QemuDriver(resolvePaths({ ATOLL_HOME: home }), {
    describe: () =>
      Promise.resolve({ hostname: "conformance", memoryMiB: 256, cpus: 1, templateCpus: 1, template: files }),
  });
}

/** Today's init and agent on the real template. */
function realGuestDriver(): QemuDriver {
  const { rootImage: baseImage, vmlinux: kernel, buildId } = template;
  const files = { build: path.basename(template.dir), buildId, baseImage, kernel };
  return new QemuDriver(resolvePaths({ ATOLL_HOME: home }), {
    describe: async () => {
      const agentFolder = (JSON.parse(fs.readFileSync("out/setup.json", "utf8")) as { agent: string }).agent;
      const { stdout } = await builder("initrd", "debian", agentFolder);
      const { initrd } = JSON.parse(stdout) as { initrd: string };
      return { hostname: "conformance", memoryMiB: 384, cpus: 1, templateCpus: 1, template: { ...files, initrd } };
    },
  });
}

function builder(...words: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(process.execPath, ["out/main/template-builder.js", ...words]);
}

function pidOf(machine: Machine): number {
  return Number(fs.readFileSync(path.join(path.dirname(machine.channels.control), "qemu.pid"), "utf8"));
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

const drivers: { name: string; make: () => Driver; canPause: boolean; survives: boolean }[] = [
  { name: "qemu", make: qemuDriver, canPause: true, survives: true },
  { name: "external", make: () => new ExternalDriver(() => agent.sockets), canPause: false, survives: false },
];

for (const { name, make, canPause, survives } of drivers) {
  test.describe(name, () => {
    test("starts a machine whose channels can be connected to, and kills it", async () => {
      const driver = make();
      const id = randomUUID() as VmId;
      const machine = await driver.start(id);
      expect(machine.id).toBe(id);
      expect(machine.pauseCause).toBeNull();
      const { control, frames, bulk } = machine.channels;
      for (const socket of [control, frames, bulk]) expect(await canConnect(socket)).toBe(true);
      const ends: MachineEnd[] = [];
      machine.on("ended", (end) => ends.push(end));
      await machine.kill();
      await expect.poll(() => ends).toEqual([{ reason: "killed" }]);
      await machine.kill(); // a second time is no error
      expect(ends).toHaveLength(1);
      await driver.remove(id);
    });

    test("starts a machine again after it has ended", async () => {
      const driver = make();
      const id = randomUUID() as VmId;
      for (let life = 0; life < 2; life += 1) {
        const machine = await driver.start(id);
        const end = ended(machine);
        await machine.kill();
        expect(await end).toEqual({ reason: "killed" });
      }
      expect(await driver.adopt(id)).toBeNull();
      await driver.remove(id);
    });

    test("pauses and resumes by events, or says that it cannot", async () => {
      const machine = await make().start(randomUUID() as VmId);
      if (canPause) {
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

    test("tells nothing more of a machine that it has let go", async () => {
      const driver = make();
      const id = randomUUID() as VmId;
      const machine = await driver.start(id);
      let hasEnded = false;
      machine.on("ended", () => (hasEnded = true));
      machine.release();
      const found = await driver.adopt(id);
      if (survives) await machineOf(found).kill();
      else expect(found).toBeNull();
      expect(hasEnded).toBe(false);
    });

    test("adopts nothing where nothing runs", async () => {
      expect(await make().adopt(randomUUID() as VmId)).toBeNull();
    });
  });
}

test.describe("qemu alone", () => {
  test("tells a stranger's kill from its own", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    const end = ended(machine);
    process.kill(pidOf(machine), "SIGKILL");
    expect(await end).toMatchObject({ reason: "qemu-exited" });
  });

  test("tells a guest's panic", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    expect(await ended(machine)).toEqual({
      reason: "guest-panic",
      detail: expect.stringContaining("panic") as unknown as string,
    });
  });

  test("adopts a machine as it is, with all that it says from then on", async () => {
    const id = randomUUID() as VmId;
    const first = await qemuDriver().start(id);
    await first.pause();
    await expect.poll(() => first.pauseCause).toBe("asked");
    first.release();
    const machine = machineOf(await qemuDriver().adopt(id));
    expect(machine).toMatchObject({
      id,
      channels: first.channels,
      startedAtMs: first.startedAtMs,
      pauseCause: "asked",
    });
    const resumed = next(machine, "resumed");
    await machine.resume();
    await resumed;
    expect(await ended(machine)).toMatchObject({ reason: "guest-panic" });
  });

  test("tells once how a machine ended while nobody was there to see it", async () => {
    const panicked = randomUUID() as VmId;
    const killed = randomUUID() as VmId;
    const [first, second] = [await qemuDriver().start(panicked), await qemuDriver().start(killed)];
    const pid = pidOf(second);
    first.release();
    second.release();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(await qemuDriver().adopt(killed)).toMatchObject({ reason: "qemu-exited" });
    expect(await qemuDriver().adopt(killed)).toBeNull();
    const machine = machineOf(await qemuDriver().adopt(panicked));
    expect(await ended(machine)).toMatchObject({ reason: "guest-panic" });
    expect(await qemuDriver().adopt(panicked)).toBeNull();
  });

  test("gives up a start that is cancelled, and leaves no process", async () => {
    const id = randomUUID() as VmId;
    const driver = qemuDriver();
    await (await driver.start(id)).kill(); // its disk is there, so that QEMU is what is waited for
    const cancelling = new AbortController();
    const starting = driver.start(id, cancelling.signal);
    const run = path.join(home, "run/vms", id.slice(0, 13));
    await expect.poll(() => fs.existsSync(path.join(run, "machine.json"))).toBe(true);
    cancelling.abort();
    const machine = await starting.catch(() => null);
    // It may have been there a moment before.
    await machine?.kill();
    expect(await driver.adopt(id)).toBeNull();
  });

  test("takes no notice of what an earlier life left in the runtime folder", async () => {
    const id = randomUUID() as VmId;
    const run = path.join(home, "run/vms", id.slice(0, 13));
    fs.mkdirSync(run, { recursive: true, mode: 0o700 });
    for (const name of ["control.sock", "frames.sock", "qmp.sock", "qemu.pid", "machine.json"])
      fs.writeFileSync(path.join(run, name), "{");
    const machine = await qemuDriver().start(id);
    expect(await canConnect(machine.channels.control)).toBe(true);
    await machine.kill();
  });

  test("says when the agent is there, and hands the power button to the guest", async () => {
    const machine = await realGuestDriver().start(randomUUID() as VmId);
    await new Promise<void>((resolve) => machine.on("agentPresent", (isPresent) => isPresent && resolve()));
    const end = ended(machine);
    await machine.pressPowerButton();
    expect(await end).toEqual({ reason: "powered-off" });
  });

  test("runs without capabilities, confined by seccomp, its folder closed to others", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    const folder = path.dirname(machine.channels.control);
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
