/**
 * The qemu adapter: spawns QEMU unprivileged, detached from the application, and finds it again by its UUID.
 *
 * Kept per VM: the runtime folder (sockets, pid file, log, machine.json), the state folder (disk.qcow2, disk.json).
 */
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { MACHINE_ORIGINS, type VmId } from "#shared/model/vm.ts";
import { bootId } from "../../base/boot-id.ts";
import { makePrivateFolder, type Paths, vmRunFolder, vmStateFolder } from "../../base/paths.ts";
import type { Driver, GuestNetwork, MachineEnd, MachineSummary } from "../driver.ts";
import { defineQemuVm, type QemuDefinition, type QemuFields } from "./definition.ts";
import {
  buildGone,
  createDisk,
  DISK_FILE,
  diskRecord,
  ensureKeptDisk,
  KEPT_DISK_FILE,
  noSpace,
  refuseExternalData,
  writeDiskRecord,
} from "./disk.ts";
import { launchQemu, type MachineStart, monitorOf, type QemuVm } from "./launch.ts";
import { channelSockets, isQemuOf, QemuMachine, RECORD_FILE, wholeLogTail } from "./machine.ts";
import { readJson } from "./plain-files.ts";
import { probeQemu } from "./probe.ts";
import { SnapshotMachines, type SnapshotOptions } from "./snapshot-machines.ts";

/** What the driver must know of templates (templates.ts), and where it keeps what it found out about this host. */
export interface QemuDriverOptions extends SnapshotOptions {
  /** `boundBuild`: template build that the VM's disk is based on, null = it has no disk. */
  describe(definition: QemuDefinition, boundBuild: string | null): Promise<QemuVm>;
  /** @throws AppError template.not-found, template.bad-recipe */
  checkTemplate(name: string): void;
  /** Addresses of the VM's interface. They are the same at each start. */
  guestNetwork(id: VmId): Promise<GuestNetwork>;
  /** Answers of KVM, see probe.ts. */
  probesFolder: string;
}

const recordSchema = z.object({
  id: z.string(),
  accelerator: z.enum(["kvm", "tcg"]),
  startedAtMs: z.number(),
  /** Records of earlier versions have none. */
  origin: z.enum(MACHINE_ORIGINS).default("cold"),
  pid: z.int().positive(),
  logPid: z.int().positive().optional(),
  bootId: z.string(),
});

export class QemuDriver implements Driver<QemuDefinition> {
  readonly capabilities = {
    canPause: true,
    canPressPowerButton: true,
    outlivesApplication: true,
    runsMachine: true,
    canPrepare: true,
    hasNics: true,
  };
  readonly #paths: Paths;
  readonly #options: QemuDriverOptions;
  readonly #snapshots: SnapshotMachines;

  constructor(paths: Paths, options: QemuDriverOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#snapshots = new SnapshotMachines(options);
  }

  define(untrustedOptions: unknown): QemuFields {
    return defineQemuVm(untrustedOptions, (name) => this.#options.checkTemplate(name));
  }

  summary({ template, network, via = "none", memory, cpus }: QemuDefinition): MachineSummary {
    return {
      ...{ template, network },
      ...(via === "none" ? {} : { via }),
      ...(memory === null ? {} : { memoryMiB: memory }),
      ...(cpus === null ? {} : { cpus }),
    };
  }

  async start(definition: QemuDefinition, signal?: AbortSignal): Promise<QemuMachine> {
    try {
      return await this.#start(definition, signal);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? noSpace(error) : error;
    }
  }

  async #start(definition: QemuDefinition, signal: AbortSignal | undefined): Promise<QemuMachine> {
    const { id } = definition;
    const state = vmStateFolder(this.#paths, id);
    const run = vmRunFolder(this.#paths, id);
    // A second QEMU on the same disk and sockets would corrupt the disk of one that runs.
    const running = await this.adopt(definition);
    if (running instanceof QemuMachine) return running;
    makePrivateFolder(state);
    makePrivateFolder(run);
    channelSockets(run); // refuses a path that is too long before anything is made
    refuseUnrecorded(id);
    const startsFresh = definition.startsFresh === true;
    // One that went on from a kept memory has left a disk that is of no use without that.
    const bound = startsFresh ? null : await diskRecord(state);
    const vm = await this.#options.describe(definition, bound?.templateBuild ?? null);
    const { accelerator } = await probeQemu(vm.template, this.#options.probesFolder);
    const disk = path.join(state, DISK_FILE);
    const keptDisk = definition.keepsFiles === true ? path.join(state, KEPT_DISK_FILE) : null;
    if (keptDisk !== null) await ensureKeptDisk(keptDisk);
    const network = definition.network === "none" ? null : await this.#options.guestNetwork(id);
    const start: MachineStart = { definition, vm, accelerator, network, run, signal };
    if ((definition.isThrowaway === true || startsFresh) && definition.bootsAlone !== true) {
      const machine = await this.#snapshots.start(start, { disk, keptDisk });
      if (machine !== null) return machine;
    }
    const isOutdated = definition.service !== undefined && bound?.buildId !== vm.template.buildId;
    if (bound === null || isOutdated) await createDisk(state, vm.template);
    else if (bound.buildId === undefined) await writeDiskRecord(state, vm.template);
    // The disk holds what differs from its own build: on another one it would be read as garbage, and written over.
    else if (bound.buildId !== vm.template.buildId) throw buildGone(bound.templateBuild);
    await refuseExternalData(disk);
    return launchQemu({ ...start, disk, keptDisk, use: null, origin: "cold", preload: null });
  }

  async prepare(definition: QemuDefinition, signal?: AbortSignal): Promise<void> {
    await this.#snapshots.prepare(await this.#snapshotStart(definition, signal));
  }

  async unprepare(definition: QemuDefinition): Promise<void> {
    await this.#snapshots.remove(await this.#snapshotStart(definition, undefined));
  }

  async #snapshotStart(definition: QemuDefinition, signal: AbortSignal | undefined): Promise<MachineStart> {
    const vm = await this.#options.describe(definition, null);
    const { accelerator } = await probeQemu(vm.template, this.#options.probesFolder);
    const run = vmRunFolder(this.#paths, definition.id);
    return { definition, vm, accelerator, network: null, run, signal };
  }

  async adopt({ id }: Pick<QemuDefinition, "id">): Promise<QemuMachine | MachineEnd | null> {
    const run = vmRunFolder(this.#paths, id);
    const record = await readJson(path.join(run, RECORD_FILE), recordSchema);
    if (record === null || record.id !== id) return null;
    // What is written there QEMU could have changed: a process counts as this VM's only where it says so itself.
    const pid = isQemuOf(record.pid, id) ? record.pid : qemuOf(id);
    if (pid !== null) {
      const machine = await monitorOf({ ...record, id, pid }, run, () => isQemuOf(pid, id)).catch((cause: unknown) => {
        throw outOfReach(pid, cause);
      });
      if (machine !== null) return machine;
    }
    const isOfThisBoot = record.bootId === (await bootId());
    const detail = isOfThisBoot ? await wholeLogTail(run, record.logPid) : "";
    await fsp.rm(run, { recursive: true, force: true });
    return isOfThisBoot ? { reason: "machine-exited", detail } : null;
  }

  async remove({ id }: Pick<QemuDefinition, "id">): Promise<void> {
    await fsp.rm(vmStateFolder(this.#paths, id), { recursive: true, force: true });
    await fsp.rm(vmRunFolder(this.#paths, id), { recursive: true, force: true });
  }
}

function outOfReach(pid: number, cause: unknown): AppError {
  const reason = messageOf(cause).replace(/\.$/, "");
  return new AppError(
    "hardware.monitor-failed",
    `The VM's QEMU runs (process ${pid}) and cannot be reached: ${reason}. Try again; as a last resort: "kill -9 ${pid}".`,
    { pid },
    { cause },
  );
}

/** A QEMU that runs and has no record cannot be adopted. @throws AppError hardware.disk-in-use */
function refuseUnrecorded(id: VmId): void {
  const pid = qemuOf(id);
  if (pid === null) return;
  throw new AppError(
    "hardware.disk-in-use",
    `The VM's QEMU runs already (process ${pid}), and Atoll has lost its record (machine.json): end it ("kill ${pid}"), then start the VM again.`,
    { pid },
  );
}

/** The QEMU of that VM among all processes; null = none runs. */
function qemuOf(id: VmId): number | null {
  const pids = fs.readdirSync("/proc").map(Number);
  return pids.find((pid) => pid > 0 && isQemuOf(pid, id)) ?? null;
}
