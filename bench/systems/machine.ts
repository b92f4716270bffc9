/** A machine as Atoll's own driver would start it, without Atoll: for rivals and limits. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { VmId } from "#shared/model/vm.ts";
import { makeInitrd } from "../../images/builder/initrd.ts";
import type { Template } from "../../images/builder/template.ts";
import { qemuArguments, RUNTIME_FILES } from "../../main/hardware/qemu/argv.ts";
import { probeHost } from "../../main/hardware/host.ts";
import { QEMU_BINARY } from "../../main/hardware/qemu/probe.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { run } from "../../scripts/setup/process.mjs";
import { agentFolder } from "../../scripts/setup/agent.mjs";

export class BareMachine {
  readonly pid: number;
  /** Of its sockets. */
  readonly folder: string;

  private constructor(pid: number, folder: string) {
    this.pid = pid;
    this.folder = folder;
  }

  /**
   * @param folder exists; gets the disk and the sockets
   * @param more further arguments of QEMU
   * @returns once its sockets can be connected to
   */
  static async start(template: Template, folder: string, more: readonly string[] = []): Promise<BareMachine> {
    const disk = path.join(folder, "disk.qcow2");
    fs.rmSync(disk, { force: true });
    await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", template.rootImage, "-F", "raw", disk]);
    const spec = {
      id: randomUUID() as VmId,
      hostname: "bench",
      accelerator: (await probeHost()).accelerator,
      memoryMiB: template.memoryMiB,
      cpus: template.cpus,
      kernel: template.vmlinux,
      initrd: await initrdOf(template),
      disk,
      baseImage: template.rootImage,
    };
    for (const name of Object.values(RUNTIME_FILES)) fs.rmSync(path.join(folder, name), { force: true });
    const child = spawn("setpriv", ["--pdeathsig", "KILL", QEMU_BINARY, ...qemuArguments(spec), ...more], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (child.pid === undefined) throw new Error(`${QEMU_BINARY} cannot be started`);
    // The monitor's socket is the last that QEMU makes.
    while (!fs.existsSync(path.join(folder, RUNTIME_FILES.qmp))) {
      if (child.exitCode !== null) throw new Error(`${QEMU_BINARY} ended with code ${child.exitCode}`);
      await delay(2);
    }
    return new BareMachine(child.pid, folder);
  }

  kill(): void {
    process.kill(this.pid, "SIGKILL");
  }
}

/** What Atoll boots a VM of that template with. */
export async function initrdOf({ modulesDir }: Template): Promise<string> {
  const folder = agentFolder();
  const initBinary = path.join(folder, "atoll-init");
  return makeInitrd({ modulesDir, initBinary, agentBinary: path.join(folder, "atoll-agent") }, resolveCacheDir());
}
