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
import { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";

let home: string;
let template: Template;
let agent: ScriptedAgent;

test.beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-drv-"));
  agent = await ScriptedAgent.listen();
  const { stdout } = await promisify(execFile)(process.execPath, ["out/main/template-builder.js", "list"]);
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
  const files = { build: path.basename(template.dir), baseImage: template.rootImage, kernel: template.vmlinux, initrd };
  return new QemuDriver(resolvePaths({ ATOLL_HOME: home }), {
    describe: () => Promise.resolve({ hostname: "conformance", memoryMiB: 256, cpus: 1, template: files }),
  });
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

const drivers: { name: string; make: () => Driver }[] = [
  { name: "qemu", make: qemuDriver },
  { name: "external", make: () => new ExternalDriver(() => agent.sockets) },
];

for (const { name, make } of drivers) {
  test.describe(name, () => {
    test("starts a machine whose channels can be connected to, and kills it", async () => {
      const driver = make();
      const id = randomUUID() as VmId;
      const machine = await driver.start(id);
      expect(machine.id).toBe(id);
      const { control, frames, bulk } = machine.channels;
      for (const socket of [control, frames, bulk]) expect(await canConnect(socket)).toBe(true);
      const end = ended(machine);
      await machine.kill();
      expect(await end).toEqual({ reason: "killed" });
      await machine.kill(); // a second time is no error
      await driver.remove(id);
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
    process.kill(
      Number(fs.readFileSync(path.join(path.dirname(machine.channels.control), "qemu.pid"), "utf8")),
      "SIGKILL",
    );
    expect(await end).toMatchObject({ reason: "qemu-exited" });
  });

  test("tells a guest's panic", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    expect(await ended(machine)).toEqual({
      reason: "guest-panic",
      detail: expect.stringContaining("panic") as unknown as string,
    });
  });

  test("pauses and resumes by events", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    const paused = new Promise<void>((resolve) => machine.on("paused", () => resolve()));
    await machine.pause();
    await paused;
    expect(machine.pauseCause).toBe("asked");
    const resumed = new Promise<void>((resolve) => machine.on("resumed", () => resolve()));
    await machine.resume();
    await resumed;
    expect(machine.pauseCause).toBeNull();
    await machine.kill();
  });

  test("runs unprivileged, confined by seccomp, its folder closed to others", async () => {
    const machine = await qemuDriver().start(randomUUID() as VmId);
    const folder = path.dirname(machine.channels.control);
    const status = fs.readFileSync(
      `/proc/${Number(fs.readFileSync(path.join(folder, "qemu.pid"), "utf8"))}/status`,
      "utf8",
    );
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    await machine.kill();
  });

  test("refuses a home whose sockets would have too long a path", async () => {
    const long = path.join(home, "x".repeat(60));
    expect(() => resolvePaths({ ATOLL_HOME: long })).not.toThrow();
    const driver = new QemuDriver(resolvePaths({ ATOLL_HOME: long }), {
      describe: () => Promise.reject(new Error("not reached")),
    });
    await expect(driver.start(randomUUID() as VmId)).rejects.toMatchObject({ code: "hardware.path-too-long" });
  });
});
