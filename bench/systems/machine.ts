/** A machine as Atoll's own driver would start it, without Atoll: for rivals and limits. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { VmId } from "#shared/model/vm.ts";
import { makeInitrd } from "../../images/builder/initrd.ts";
import type { Template } from "../../images/builder/template.ts";
import { type MachineSpec, qemuArguments, RUNTIME_FILES } from "../../main/hardware/qemu/argv.ts";
import { defaultProcessors } from "../../main/hardware/qemu/processors.ts";
import { probeHost } from "../../main/hardware/host.ts";
import { QEMU_BINARY } from "../../main/hardware/qemu/probe.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { run } from "../../scripts/setup/process.mjs";
import { agentFolder } from "../../scripts/setup/agent.mjs";

export class BareMachine {
  /** Of its sockets. */
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.folder = folder;
  }

  /** Makes a disk in a folder that exists, and all else that need not be made at each start. */
  static async prepare(template: Template, folder: string): Promise<MachineSpec> {
    const disk = path.join(folder, "disk.qcow2");
    fs.rmSync(disk, { force: true });
    await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", template.rootImage, "-F", "raw", disk]);
    const { accelerator } = await probeHost();
    return {
      id: randomUUID() as VmId,
      hostname: "bench",
      accelerator,
      memoryMiB: template.memoryMiB,
      cpus: defaultProcessors(template.cpus, accelerator),
      kernel: template.vmlinux,
      initrd: await initrdOf(template),
      disk,
      baseImage: template.rootImage,
      keptDisk: null,
      snapshot: null,
      network: null,
      hasNicSlots: false,
    };
  }

  /**
   * @param more further arguments of QEMU
   * @returns once its sockets, which are beside its disk, can be connected to
   */
  static async start(spec: MachineSpec, more: readonly string[] = []): Promise<BareMachine> {
    const folder = path.dirname(spec.disk);
    for (const name of Object.values(RUNTIME_FILES)) fs.rmSync(path.join(folder, name), { force: true });
    const child = spawn("setpriv", ["--pdeathsig", "KILL", QEMU_BINARY, ...qemuArguments(spec), ...more], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    // The monitor's socket is the last that QEMU makes.
    while (!fs.existsSync(path.join(folder, RUNTIME_FILES.qmp))) {
      if (child.exitCode !== null) throw new Error(`${QEMU_BINARY} ended with code ${child.exitCode}`);
      await delay(2);
    }
    return new BareMachine(child, folder);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise((resolve) => {
      this.#child.once("exit", resolve);
      this.#child.kill("SIGKILL");
    });
  }
}

/** What Atoll boots a VM of that template with. */
async function initrdOf({ modulesDir }: Template): Promise<string> {
  return makeInitrd({ modulesDir, agentFolder: agentFolder() }, resolveCacheDir());
}
