/**
 * The qemu adapter: spawns QEMU unprivileged, detached from the application, and finds it again by its UUID.
 *
 * Kept per VM: the runtime folder (sockets, pid file, log, machine.json), the state folder (disk.qcow2, disk.json).
 */
import { spawn, execFile } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { type VmId } from "#shared/model/vm.ts";
import { cachePaths, resolveCacheDir } from "../../../images/builder/cache-dir.ts";
import { bootId } from "../../base/boot-id.ts";
import { makePrivateFolder, type Paths, vmRunFolder, vmStateFolder } from "../../base/paths.ts";
import type { Driver, MachineEnd } from "../driver.ts";
import { qemuArguments, RUNTIME_FILES } from "./argv.ts";
import { channelSockets, logTail, type MachineRecord, QemuMachine, RECORD_FILE } from "./machine.ts";
import { probeQemu, QEMU_BINARY } from "./probe.ts";

const DISK_FILE = "disk.qcow2";
const DISK_RECORD_FILE = "disk.json";
/** How long QEMU may take until its monitor answers. */
const MONITOR_TIMEOUT_MS = 15_000;

/** What the driver must be told of a VM when it starts. */
export interface QemuVm {
  hostname: string;
  memoryMiB: number;
  cpus: number;
  template: TemplateFiles;
}

export interface TemplateFiles {
  /** Name of its folder; a build never changes once it is there. */
  build: string;
  baseImage: string;
  kernel: string;
  initrd: string;
}

export interface QemuSource {
  /** The VM as it shall run now. `boundBuild`: template build that its disk stands on, null = it has no disk. */
  describe(id: VmId, boundBuild: string | null): Promise<QemuVm>;
}

const recordSchema = z.object({
  id: z.string(),
  accelerator: z.enum(["kvm", "tcg"]),
  startedAtMs: z.number(),
  pid: z.int().positive(),
  bootId: z.string(),
});
const diskSchema = z.object({ templateBuild: z.string() });

export class QemuDriver implements Driver {
  readonly #paths: Paths;
  readonly #source: QemuSource;

  constructor(paths: Paths, source: QemuSource) {
    this.#paths = paths;
    this.#source = source;
  }

  async start(id: VmId, signal?: AbortSignal): Promise<QemuMachine> {
    try {
      return await this.#start(id, signal);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? noSpace(error) : error;
    }
  }

  async #start(id: VmId, signal: AbortSignal | undefined): Promise<QemuMachine> {
    const state = vmStateFolder(this.#paths, id);
    const run = vmRunFolder(this.#paths, id);
    makePrivateFolder(state);
    makePrivateFolder(run);
    channelSockets(run); // refuses a path that is too long before anything is made
    const boundBuild = await diskBuild(state);
    const vm = await this.#source.describe(id, boundBuild);
    if (boundBuild === null) await createDisk(state, vm.template);
    const { accelerator } = await probeQemu(vm.template, cachePaths(resolveCacheDir()).probesDir);
    signal?.throwIfAborted();
    for (const file of Object.values(RUNTIME_FILES)) await fsp.rm(path.join(run, file), { force: true });
    const pid = spawnQemu(run, [
      ...qemuArguments({
        id,
        hostname: vm.hostname,
        accelerator,
        memoryMiB: vm.memoryMiB,
        cpus: vm.cpus,
        kernel: vm.template.kernel,
        initrd: vm.template.initrd,
        disk: path.join(state, DISK_FILE),
        baseImage: vm.template.baseImage,
      }),
    ]);
    const record: MachineRecord = { id, accelerator, startedAtMs: Date.now(), pid: await pid, bootId: await bootId() };
    await fsp.writeFile(path.join(run, RECORD_FILE), JSON.stringify(record), { mode: 0o600 });
    return waitForMonitor(record, run, path.join(state, DISK_FILE), signal);
  }

  async adopt(id: VmId): Promise<QemuMachine | MachineEnd | null> {
    const run = vmRunFolder(this.#paths, id);
    const record = await readJson(path.join(run, RECORD_FILE), recordSchema);
    if (record === null || record.id !== id) return null;
    const machine = await QemuMachine.attach({ ...record, id }, run);
    if (machine !== null) return machine;
    const detail = logTail(run);
    await fsp.rm(run, { recursive: true, force: true });
    return record.bootId === (await bootId()) ? { reason: "qemu-exited", detail } : null;
  }

  async remove(id: VmId): Promise<void> {
    await fsp.rm(vmStateFolder(this.#paths, id), { recursive: true, force: true });
    await fsp.rm(vmRunFolder(this.#paths, id), { recursive: true, force: true });
  }
}

/**
 * Chromium leaves file descriptors open over exec (its own channels, the display): QEMU must not have them, and while it
 * had, the application's other processes would not notice the application's end. Only bash closes numbers above 9. No
 * redirection around the loop: bash would keep the old standard error at such a number, and QEMU would lose its log.
 */
const CLOSE_INHERITED =
  'for fd in /proc/self/fd/*; do n=${fd##*/}; if ((n > 2)) && [[ -e $fd ]]; then exec {n}>&-; fi; done; exec "$@"';

/** Detached, with nothing inherited: the machine outlives the application. Rejects when the program cannot be started. */
function spawnQemu(run: string, args: string[]): Promise<number> {
  const log = fs.openSync(path.join(run, RUNTIME_FILES.log), "a", 0o600);
  try {
    const child = spawn("/bin/bash", ["-c", CLOSE_INHERITED, "atoll", QEMU_BINARY, ...args], {
      cwd: run,
      detached: true,
      stdio: ["ignore", log, log],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    });
    return new Promise((resolve, reject) => {
      child.on("error", (cause) =>
        reject(
          new AppError("hardware.qemu-missing", `${QEMU_BINARY} cannot be started: ${cause.message}.`, {}, { cause }),
        ),
      );
      child.on("spawn", () => {
        child.unref();
        if (child.pid === undefined) reject(new AppError("hardware.qemu-failed", "QEMU has no process id."));
        else resolve(child.pid);
      });
    });
  } finally {
    fs.closeSync(log);
  }
}

/** QEMU makes its sockets within some 50 ms; there is no event for it, so the folder is looked at until it has, or QEMU is gone. */
async function waitForMonitor(
  record: MachineRecord,
  run: string,
  disk: string,
  signal: AbortSignal | undefined,
): Promise<QemuMachine> {
  const deadline = performance.now() + MONITOR_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (signal?.aborted) break;
    // Its monitor is there before it has looked at its disk: it may end in between, and its log says why.
    const machine = await QemuMachine.attach(record, run);
    if (machine !== null) return machine;
    if (!isAlive(record.pid)) break;
    await delay(10);
  }
  if (isAlive(record.pid)) process.kill(record.pid, "SIGKILL");
  await fsp.rm(path.join(run, RECORD_FILE), { force: true });
  signal?.throwIfAborted();
  throw startFailure(logTail(run), disk);
}

/** @param log the last words of QEMU, which did not start */
function startFailure(log: string, disk: string): AppError {
  const words = (log.split("\n").at(-1) || "it said nothing").replace(/^(\S+Z )?qemu-system-x86_64: /, "");
  if (/No space left/.test(log)) return noSpace(words);
  if (log.includes(disk) || /qcow2/i.test(words)) {
    return new AppError(
      "hardware.disk-broken",
      `The VM's disk cannot be used: ${words}. It is ${disk}: "qemu-img check" says more, a copy of it may help, and "vm remove" takes it away with the VM.`,
      { disk, log },
    );
  }
  return new AppError("hardware.qemu-failed", `QEMU did not start: ${words}`, { log });
}

function noSpace(cause: unknown): AppError {
  return new AppError(
    "hardware.no-space",
    "There is no space left on the disk for this VM: free some, then start it again.",
    { reason: cause instanceof Error ? cause.message : String(cause) },
    { cause },
  );
}

/** Template build that the VM's disk stands on; null = it has no disk yet. @throws AppError hardware.disk-broken */
async function diskBuild(state: string): Promise<string | null> {
  const disk = path.join(state, DISK_FILE);
  if (!fs.existsSync(disk)) return null;
  const record = await readJson(path.join(state, DISK_RECORD_FILE), diskSchema);
  if (record !== null) return record.templateBuild;
  throw new AppError(
    "hardware.disk-broken",
    `What belongs to the VM's disk ${disk} is damaged: ${DISK_RECORD_FILE} beside it should name its template build. The disk was left as it is.`,
    { disk },
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
    await fsp.writeFile(path.join(state, DISK_RECORD_FILE), JSON.stringify({ templateBuild: template.build }), {
      mode: 0o600,
    });
    await fsp.rename(partial, disk);
  } catch (cause) {
    await fsp.rm(partial, { force: true });
    const words = cause instanceof Error ? cause.message : String(cause);
    if (/ENOENT/.test(words))
      throw new AppError(
        "hardware.qemu-missing",
        "qemu-img cannot be started: install Debian's qemu-utils.",
        {},
        { cause },
      );
    if (/No space|ENOSPC/.test(words)) throw noSpace(cause);
    throw new AppError("hardware.qemu-failed", `The VM's disk cannot be made: ${words}`, {}, { cause });
  }
}

/** The file's content, null where there is none or it is not what it should be. */
async function readJson<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.infer<Schema> | null> {
  try {
    return schema.parse(JSON.parse(await fsp.readFile(file, "utf8")));
  } catch {
    return null;
  }
}

/** Whether a process runs (one that ended and that nobody has waited for does not). */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
