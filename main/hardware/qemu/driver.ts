/**
 * The qemu adapter: spawns QEMU unprivileged, detached from the application, and finds it again by its UUID.
 *
 * Kept per VM: the runtime folder (sockets, pid file, log, machine.json), the state folder (disk.qcow2, disk.json).
 */
import { execFile } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { MACHINE_ORIGINS, type VmId } from "#shared/model/vm.ts";
import { bootId } from "../../base/boot-id.ts";
import { log } from "../../base/log.ts";
import { makePrivateFolder, type Paths, vmRunFolder, vmStateFolder } from "../../base/paths.ts";
import { writeFileAtomically } from "../../base/write-file.ts";
import type { Driver, MachineEnd, MachineSummary } from "../driver.ts";
import { qemuArguments, RUNTIME_FILES } from "./argv.ts";
import { defineQemuVm, type QemuDefinition, type QemuFields } from "./definition.ts";
import {
  channelSockets,
  isAlive,
  KILL_TIMEOUT_MS,
  logTail,
  type MachineRecord,
  QemuMachine,
  READ_PLAIN_FILE,
  RECORD_FILE,
  wholeLogTail,
} from "./machine.ts";
import { DEVICES, gapsOf } from "./box.ts";
import { probeBox } from "./box-probe.ts";
import { qemuPrograms, spawnQemu } from "./process.ts";
import { defaultProcessors } from "./processors.ts";
import { KVM_DEVICE, probeQemu } from "./probe.ts";
import { hasExternalDataFile, QCOW2_HEADER_BYTES } from "./qcow2.ts";
import { probeScope, scopeWords } from "./weight.ts";

const DISK_FILE = "disk.qcow2";
const DISK_RECORD_FILE = "disk.json";
/** Longer than any record. */
const MAX_RECORD_BYTES = 16 * 1024;
/** How long QEMU may take until its monitor answers. */
const MONITOR_TIMEOUT_MS = 15_000;

/** A VM as it shall run now: its definition with the template that it is based on. */
export interface QemuVm {
  hostname: string;
  memoryMiB: number;
  /** What a person has chosen; null = nothing. */
  cpus: number | null;
  templateCpus: number;
  template: TemplateFiles;
}

export interface TemplateFiles {
  /** Name of its folder; a build never changes once it is there. */
  build: string;
  /** Tells it from another build that was made in that folder later. */
  buildId: string;
  baseImage: string;
  kernel: string;
  initrd: string;
}

/** What the driver must know of templates (templates.ts), and where it keeps what it found out about this host. */
export interface QemuDriverOptions {
  /** `boundBuild`: template build that the VM's disk is based on, null = it has no disk. */
  describe(definition: QemuDefinition, boundBuild: string | null): Promise<QemuVm>;
  /** @throws AppError template.not-found, template.bad-recipe */
  checkTemplate(name: string): void;
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
/** Which build a disk is based on; records of earlier versions have no id. */
const diskSchema = z.object({ templateBuild: z.string(), buildId: z.string().optional() });
type DiskRecord = z.infer<typeof diskSchema>;

export class QemuDriver implements Driver<QemuDefinition> {
  readonly capabilities = {
    canPause: true,
    canPressPowerButton: true,
    outlivesApplication: true,
    runsMachine: true,
  };
  readonly #paths: Paths;
  readonly #options: QemuDriverOptions;

  constructor(paths: Paths, options: QemuDriverOptions) {
    this.#paths = paths;
    this.#options = options;
  }

  define(untrustedOptions: unknown): QemuFields {
    return defineQemuVm(untrustedOptions, (name) => this.#options.checkTemplate(name));
  }

  summary({ template, network }: QemuDefinition): MachineSummary {
    return { template, network };
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
    const bound = await diskRecord(state);
    const vm = await this.#options.describe(definition, bound?.templateBuild ?? null);
    if (bound === null) await createDisk(state, vm.template);
    else if (bound.buildId === undefined) await writeDiskRecord(state, vm.template);
    // The disk holds what differs from its own build: on another one it would be read as garbage, and written over.
    else if (bound.buildId !== vm.template.buildId) throw buildGone(bound.templateBuild);
    const { accelerator } = await probeQemu(vm.template, this.#options.probesFolder);
    const disk = path.join(state, DISK_FILE);
    await refuseExternalData(disk);
    const boot = await bootId();
    const [{ box, namespacesFailure }, scope] = await Promise.all([probeBox(), probeScope()]);
    const gaps = gapsOf(box);
    if (gaps.length > 0) log(`QEMU of ${id} is not kept from ${gaps.join(", ")}: ${namespacesFailure}`);
    signal?.throwIfAborted();
    // Whatever an earlier QEMU made there.
    for (const name of await fsp.readdir(run)) await fsp.rm(path.join(run, name), { recursive: true, force: true });
    const { baseImage, kernel, initrd } = vm.template;
    const qemu = await spawnQemu({
      folder: run,
      args: qemuArguments({
        id,
        hostname: vm.hostname,
        accelerator,
        memoryMiB: vm.memoryMiB,
        cpus: vm.cpus ?? defaultProcessors(vm.templateCpus, accelerator),
        kernel,
        initrd,
        disk,
        baseImage,
      }),
      box,
      files: {
        programs: qemuPrograms(),
        readOnly: [baseImage, kernel, initrd],
        disk,
        folder: run,
        devices: [...DEVICES, ...(accelerator === "kvm" ? [KVM_DEVICE] : [])],
      },
      scope: scope.limits.length === 0 ? [] : scopeWords(vm.memoryMiB),
    });
    const { pid, logPid } = qemu;
    if (pid === null) throw startFailure(await wholeLogTail(run, logPid), disk);
    const record: MachineRecord = {
      id,
      accelerator,
      startedAtMs: Date.now(),
      origin: "cold",
      pid,
      logPid,
      bootId: boot,
    };
    let machine: QemuMachine | null = null;
    try {
      const asNew = { mode: 0o600, flag: "wx" };
      await fsp.writeFile(path.join(run, RECORD_FILE), JSON.stringify(record), asNew);
      await fsp.writeFile(path.join(run, RUNTIME_FILES.pid), `${pid}\n`, asNew);
      qemu.begin();
      machine = await monitorOf(record, run, () => isAlive(pid), signal);
    } finally {
      // Without its record, or without a monitor that answers, no later run of the application could adopt it.
      if (machine === null) {
        await end(pid);
        await fsp.rm(path.join(run, RECORD_FILE), { force: true });
      }
    }
    if (machine === null) throw startFailure(await wholeLogTail(run, logPid), disk);
    return machine;
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

/**
 * The machine of a QEMU that was started, once its monitor answers; null where it is gone before. QEMU makes its sockets
 * within some 50 ms; there is no event for it, so connecting is tried until it succeeds, or QEMU is gone.
 */
async function monitorOf(
  record: MachineRecord,
  run: string,
  lives: () => boolean,
  signal?: AbortSignal,
): Promise<QemuMachine | null> {
  const deadline = performance.now() + MONITOR_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    // The monitor answers before QEMU has opened the disk: it may still exit, and its log says why.
    const machine = await QemuMachine.attach(record, run);
    if (machine instanceof QemuMachine) return machine;
    if (!lives()) return null;
    if (machine === "stranger") {
      throw new AppError("hardware.monitor-failed", "Another machine answers at its monitor.");
    }
    if (performance.now() > deadline) {
      const message = `QEMU has made no monitor within ${MONITOR_TIMEOUT_MS / 1000} s.`;
      throw new AppError("hardware.monitor-failed", message, { log: logTail(run) });
    }
    await delay(10);
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

/** @param log the end of the log of a QEMU that did not start */
function startFailure(log: string, disk: string): AppError {
  const lastLine = (log.split("\n").at(-1) || "its log is empty").replace(/^(\S+Z )?qemu-system-x86_64: /, "");
  if (/No space left/.test(log)) return noSpace(lastLine);
  if (/Failed to get .* lock/.test(log)) {
    return new AppError(
      "hardware.disk-in-use",
      `The VM's disk is in use: ${lastLine}. Another program has ${disk} open ("fuser ${disk}" names it): close it, then start the VM again.`,
      { disk, log },
    );
  }
  if (log.includes(disk) || /qcow2/i.test(lastLine)) {
    return new AppError(
      "hardware.disk-broken",
      `The VM's disk cannot be used: ${lastLine}. It is ${disk}: "qemu-img check" says more; restore a copy of it if you have one, or delete it together with the VM ("vm remove").`,
      { disk, log },
    );
  }
  return new AppError("hardware.machine-failed", `QEMU did not start: ${lastLine}`, { log });
}

function noSpace(cause: unknown): AppError {
  return new AppError(
    "hardware.no-space",
    "There is no space left on the disk for this VM: free some, then start it again.",
    { reason: messageOf(cause) },
    { cause },
  );
}

/** Which template build the VM's disk is an overlay of; null = it has no disk yet. @throws AppError hardware.disk-broken */
async function diskRecord(state: string): Promise<DiskRecord | null> {
  const disk = path.join(state, DISK_FILE);
  if (!fs.existsSync(disk)) return null;
  const record = await readJson(path.join(state, DISK_RECORD_FILE), diskSchema);
  if (record !== null) return record;
  throw new AppError(
    "hardware.disk-broken",
    `The record of the VM's disk ${disk} is damaged: ${DISK_RECORD_FILE} beside it should name the template build that it is based on. The disk was not changed.`,
    { disk },
  );
}

async function writeDiskRecord(state: string, { build, buildId }: TemplateFiles): Promise<void> {
  const file = path.join(state, DISK_RECORD_FILE);
  const record: DiskRecord = { templateBuild: build, buildId };
  await writeFileAtomically(file, JSON.stringify(record));
}

/** The template was removed from the cache; another one may have been built in its place. */
export function buildGone(build: string): AppError {
  return new AppError(
    "template.build-gone",
    `The VM's disk is based on template build ${build}, which is no longer in the cache; a new build is a different base and cannot replace it. The disk was not changed: bring the old build back if you can, or "vm remove" the VM and create it again.`,
    { build },
  );
}

async function createDisk(state: string, template: TemplateFiles): Promise<void> {
  const disk = path.join(state, DISK_FILE);
  const partial = `${disk}.partial`;
  try {
    await promisify(execFile)("qemu-img", [
      "create",
      "-q",
      "-f",
      "qcow2",
      "-b",
      template.baseImage,
      "-F",
      "raw",
      partial,
    ]);
    await fsp.chmod(partial, 0o600);
    // First: a disk without its record counts as damaged, a record without a disk as none.
    await writeDiskRecord(state, template);
    await fsp.rename(partial, disk);
  } catch (cause) {
    await fsp.rm(partial, { force: true });
    const reason = messageOf(cause);
    if (/ENOENT/.test(reason))
      throw new AppError(
        "hardware.program-missing",
        "qemu-img cannot be started: install Debian's qemu-utils.",
        {},
        { cause },
      );
    if (/No space|ENOSPC/.test(reason)) throw noSpace(cause);
    throw new AppError("hardware.machine-failed", `The VM's disk cannot be made: ${reason}`, {}, { cause });
  }
}

/** @throws AppError hardware.disk-broken */
async function refuseExternalData(disk: string): Promise<void> {
  const header = await firstBytes(disk, QCOW2_HEADER_BYTES);
  if (header === null || !hasExternalDataFile(header)) return;
  throw new AppError(
    "hardware.disk-broken",
    `The VM's disk ${disk} says that its data is in another file of this computer, which Atoll never follows. Nothing was changed: restore a copy of the disk if you have one, or remove the VM ("vm remove").`,
    { disk },
  );
}

/** The file's content, null where there is none or it is not what it should be. */
async function readJson<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.infer<Schema> | null> {
  try {
    return schema.parse(JSON.parse((await firstBytes(file, MAX_RECORD_BYTES))?.toString("utf8") ?? ""));
  } catch {
    return null;
  }
}

/** At most so many bytes of a file, null where it cannot be read. */
async function firstBytes(file: string, most: number): Promise<Buffer | null> {
  let handle: fsp.FileHandle | null = null;
  try {
    handle = await fsp.open(file, READ_PLAIN_FILE);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await handle?.close();
  }
}

/** Kills it, and waits until it is gone: what it had open is free then. */
async function end(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
  const deadline = performance.now() + KILL_TIMEOUT_MS;
  while (isAlive(pid) && performance.now() < deadline) await delay(10);
}

/** Whether this process is the QEMU of that VM, and ours; the number may be another process's by now. */
function isQemuOf(pid: number, id: VmId): boolean {
  try {
    const owner = Number(/^Uid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return (
      owner === process.getuid?.() &&
      isAlive(pid) &&
      fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`\0-uuid\0${id}\0`)
    );
  } catch {
    return false;
  }
}

/** The QEMU of that VM among all processes; null = none runs. */
function qemuOf(id: VmId): number | null {
  const pids = fs.readdirSync("/proc").map(Number);
  return pids.find((pid) => pid > 0 && isQemuOf(pid, id)) ?? null;
}
