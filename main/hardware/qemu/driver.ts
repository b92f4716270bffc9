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
import { channelSockets, KILL_TIMEOUT_MS, logTail, type MachineRecord, QemuMachine, RECORD_FILE } from "./machine.ts";
import { defaultProcessors } from "./processors.ts";
import { probeQemu, QEMU_BINARY } from "./probe.ts";

const DISK_FILE = "disk.qcow2";
const DISK_RECORD_FILE = "disk.json";
/** How long QEMU may take until its monitor answers. */
const MONITOR_TIMEOUT_MS = 15_000;

/** What the driver must be told of a VM when it starts. */
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
  /** Tells it from another build that has come to stand in that folder. */
  buildId: string;
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
/** Which build a disk stands on; records of earlier versions have no id. */
const diskSchema = z.object({ templateBuild: z.string(), buildId: z.string().optional() });
type DiskRecord = z.infer<typeof diskSchema>;

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
    // A second QEMU on the same disk and sockets would wreck one that runs.
    const running = await this.adopt(id);
    if (running instanceof QemuMachine) return running;
    makePrivateFolder(state);
    makePrivateFolder(run);
    channelSockets(run); // refuses a path that is too long before anything is made
    await refuseUnrecorded(id, run);
    const bound = await diskRecord(state);
    const vm = await this.#source.describe(id, bound?.templateBuild ?? null);
    if (bound === null) await createDisk(state, vm.template);
    else if (bound.buildId === undefined) await writeDiskRecord(state, vm.template);
    // The disk holds what differs from its own build: on another one it would be read as garbage, and written over.
    else if (bound.buildId !== vm.template.buildId) throw buildGone(bound.templateBuild);
    const { accelerator } = await probeQemu(vm.template, cachePaths(resolveCacheDir()).probesDir);
    const boot = await bootId();
    signal?.throwIfAborted();
    for (const file of Object.values(RUNTIME_FILES)) await fsp.rm(path.join(run, file), { force: true });
    const disk = path.join(state, DISK_FILE);
    const qemu = await spawnQemu(run, [
      ...qemuArguments({
        id,
        hostname: vm.hostname,
        accelerator,
        memoryMiB: vm.memoryMiB,
        cpus: vm.cpus ?? defaultProcessors(vm.templateCpus, accelerator),
        kernel: vm.template.kernel,
        initrd: vm.template.initrd,
        disk,
        baseImage: vm.template.baseImage,
      }),
    ]);
    const record: MachineRecord = { id, accelerator, startedAtMs: Date.now(), pid: qemu.pid, bootId: boot };
    let machine: QemuMachine | null = null;
    try {
      await fsp.writeFile(path.join(run, RECORD_FILE), JSON.stringify(record), { mode: 0o600 });
      qemu.begin();
      machine = await monitorOf(record, run, () => isAlive(qemu.pid), signal);
    } finally {
      // Nobody would find it again.
      if (machine === null) {
        await end(qemu.pid);
        await fsp.rm(path.join(run, RECORD_FILE), { force: true });
      }
    }
    if (machine === null) throw startFailure(logTail(run), disk);
    return machine;
  }

  async adopt(id: VmId): Promise<QemuMachine | MachineEnd | null> {
    const run = vmRunFolder(this.#paths, id);
    const record = await readJson(path.join(run, RECORD_FILE), recordSchema);
    if (record === null || record.id !== id) return null;
    const machine = await monitorOf({ ...record, id }, run, () => isQemuOf(record.pid, id)).catch((cause: unknown) => {
      throw outOfReach(record.pid, cause);
    });
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
  "for fd in /proc/self/fd/*; do n=${fd##*/}; if ((n > 2)) && [[ -e $fd ]]; then exec {n}>&-; fi; done";

/** QEMU executes when its record is written: where the application ends before, there is no word, and nothing to find. */
const AWAIT_BEGIN = "read -r _ || exit 1";

/** What QEMU may never have, whatever it executes; as root it owns its files, so it needs no capability to use them. */
const CONFINED = ["setpriv", "--no-new-privs"];
const CONFINED_ROOT = [...CONFINED, "--inh-caps=-all", "--bounding-set=-all"];

interface WaitingQemu {
  /** Also when it executes. */
  pid: number;
  /** It executes. */
  begin(): void;
}

/** Detached, with nothing inherited: the machine outlives the application. Rejects when the program cannot be started. */
function spawnQemu(run: string, args: string[]): Promise<WaitingQemu> {
  const log = fs.openSync(path.join(run, RUNTIME_FILES.log), "a", 0o600);
  try {
    const script = `${CLOSE_INHERITED}; ${AWAIT_BEGIN}; exec "$@" </dev/null`;
    const confined = process.getuid?.() === 0 ? CONFINED_ROOT : CONFINED;
    const child = spawn("/bin/bash", ["-c", script, "atoll", ...confined, "--", QEMU_BINARY, ...args], {
      cwd: run,
      detached: true,
      stdio: ["pipe", log, log],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    });
    child.stdin?.on("error", () => undefined); // it was killed before it began
    return new Promise((resolve, reject) => {
      child.on("error", (cause) =>
        reject(
          new AppError("hardware.qemu-missing", `${QEMU_BINARY} cannot be started: ${cause.message}.`, {}, { cause }),
        ),
      );
      child.on("spawn", () => {
        child.unref();
        if (child.pid === undefined) reject(new AppError("hardware.qemu-failed", "QEMU has no process id."));
        else resolve({ pid: child.pid, begin: () => void child.stdin?.end("\n") });
      });
    });
  } finally {
    fs.closeSync(log);
  }
}

/**
 * The machine of a QEMU that was started, once its monitor answers; null where it is gone before. QEMU makes its sockets
 * within some 50 ms; there is no event for it, so the folder is looked at until it has, or QEMU is gone.
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
    // Its monitor is there before it has looked at its disk: it may end in between, and its log says why.
    const machine = await QemuMachine.attach(record, run);
    if (machine !== null || !lives()) return machine;
    if (performance.now() > deadline) {
      const words = `QEMU has made no monitor within ${MONITOR_TIMEOUT_MS / 1000} s.`;
      throw new AppError("hardware.qmp-failed", words, { log: logTail(run) });
    }
    await delay(10);
  }
}

function outOfReach(pid: number, cause: unknown): AppError {
  const words = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
  return new AppError(
    "hardware.qmp-failed",
    `The VM's QEMU runs (process ${pid}) and cannot be reached: ${words}. Try again; what helps in the end is "kill -9 ${pid}".`,
    { pid },
    { cause },
  );
}

/** A QEMU that runs and of which there is no record cannot be adopted. @throws AppError hardware.disk-in-use */
async function refuseUnrecorded(id: VmId, run: string): Promise<void> {
  const pid = Number(await fsp.readFile(path.join(run, RUNTIME_FILES.pid), "utf8").catch(() => ""));
  if (!isQemuOf(pid, id)) return;
  throw new AppError(
    "hardware.disk-in-use",
    `The VM's QEMU runs already (process ${pid}), and Atoll has lost what it knew of it: end it ("kill ${pid}"), then start the VM again.`,
    { pid },
  );
}

/** @param log the last words of QEMU, which did not start */
function startFailure(log: string, disk: string): AppError {
  const words = (log.split("\n").at(-1) || "it said nothing").replace(/^(\S+Z )?qemu-system-x86_64: /, "");
  if (/No space left/.test(log)) return noSpace(words);
  if (/Failed to get .* lock/.test(log)) {
    return new AppError(
      "hardware.disk-in-use",
      `The VM's disk is in use: ${words}. Another program has ${disk} open ("fuser ${disk}" names it): end that, then start the VM again.`,
      { disk, log },
    );
  }
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

/** What the VM's disk stands on; null = it has no disk yet. @throws AppError hardware.disk-broken */
async function diskRecord(state: string): Promise<DiskRecord | null> {
  const disk = path.join(state, DISK_FILE);
  if (!fs.existsSync(disk)) return null;
  const record = await readJson(path.join(state, DISK_RECORD_FILE), diskSchema);
  if (record !== null) return record;
  throw new AppError(
    "hardware.disk-broken",
    `What belongs to the VM's disk ${disk} is damaged: ${DISK_RECORD_FILE} beside it should name its template build. The disk was left as it is.`,
    { disk },
  );
}

async function writeDiskRecord(state: string, { build, buildId }: TemplateFiles): Promise<void> {
  const file = path.join(state, DISK_RECORD_FILE);
  const record: DiskRecord = { templateBuild: build, buildId };
  await fsp.writeFile(`${file}.partial`, JSON.stringify(record), { mode: 0o600 });
  await fsp.rename(`${file}.partial`, file);
}

/** The template was removed from the cache; another one may have been built in its place. */
export function buildGone(build: string): AppError {
  return new AppError(
    "template.build-gone",
    `The VM's disk stands on template build ${build}, which is no longer in the cache; a new build is another base and cannot take its place. The disk was left as it is: bring the old build back if you can, or "vm remove" the VM and create it again.`,
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

/** Kills it, and waits until it is gone: what it had open is free then. */
async function end(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
  const deadline = performance.now() + KILL_TIMEOUT_MS;
  while (isAlive(pid) && performance.now() < deadline) await delay(10);
}

/** Whether this process is the QEMU of that VM; the number may be another process's by now. */
function isQemuOf(pid: number, id: VmId): boolean {
  try {
    return isAlive(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(id);
  } catch {
    return false;
  }
}
