/** Makes memory snapshots of templates, and starts machines that go on from them. */
import fsp from "node:fs/promises";
import path from "node:path";
import { messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { markUsed, removeUnused } from "../../base/cache-use.ts";
import { tryLock } from "../../base/file-lock.ts";
import { log } from "../../base/log.ts";
import { qemuArguments } from "./argv.ts";
import { ensureKeptDisk, KEPT_DISK_FILE, makeOverlay, noSpace } from "./disk.ts";
import { launchQemu, type MachineLaunch, type MachineStart, specOf } from "./launch.ts";
import type { QemuMachine } from "./machine.ts";
import { keepState, restoreState } from "./machine-state.ts";
import { qemuIdentity } from "./probe.ts";
import {
  beginSnapshot,
  findSnapshot,
  isWantOfHost,
  publishSnapshot,
  removeSnapshot,
  removeSnapshotOf,
  removeStale,
  type Snapshot,
  type SnapshotFiles,
  snapshotKey,
  snapshotLock,
} from "./snapshots.ts";

/** All ids have its length; none is it. */
const ANY_ID = "00000000-0000-4000-8000-000000000000" as VmId;
/** A boot makes another. */
const UNUSED_DAYS = 30;
/** What is left free of the cache's file system beside a snapshot's memory. */
const SNAPSHOT_RESERVE_MIB = 512;

export interface SnapshotOptions {
  /** Where they are, see snapshots.ts. */
  snapshotsFolder: string;
  /** What a QEMU is started with that maps their memory (agents/fork-memory); null: there is none that could be named. */
  forkLibrary: () => string | null;
}

type MachineDisks = Pick<MachineLaunch, "disk" | "keptDisk">;

export class SnapshotMachines {
  readonly #options: SnapshotOptions;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /**
   * @param disks where the machine's own is made, and the one of what it keeps, which is there
   * @returns null: there is no snapshot, or none that can be used
   */
  async start(start: MachineStart, disks: MachineDisks): Promise<QemuMachine | null> {
    const { definition, signal } = start;
    const { snapshotsFolder } = this.#options;
    const key = await this.#snapshotKey(start);
    await markUsed(path.join(snapshotsFolder, key));
    const snapshot = await findSnapshot(snapshotsFolder, key);
    if (snapshot === null) return null;
    try {
      await fsp.copyFile(snapshot.emptyDisk, disks.disk);
      return await this.#goOn(start, snapshot, disks);
    } catch (error) {
      signal?.throwIfAborted();
      log(`${definition.name} boots, as its memory snapshot cannot be used: ${messageOf(error)}`);
      await fsp.rm(disks.disk, { force: true });
      if (!isWantOfHost(error)) await removeSnapshotOf(snapshotsFolder, key, snapshot.nonce);
      return null;
    }
  }

  /** A machine that goes on from a snapshot. */
  #goOn(start: MachineStart, snapshot: Snapshot, disks: MachineDisks): Promise<QemuMachine> {
    const isFork = snapshot.origin === "fork";
    const state = { file: snapshot.state, isWithoutMemory: isFork };
    const { network } = start;
    const guest = { hostname: start.vm.hostname, nonce: Buffer.from(snapshot.nonce, "hex"), network };
    return launchQemu({
      ...start,
      // A kept memory has no interface in it, and no addresses: it is given them when it goes on.
      network: null,
      ...disks,
      use: { ram: isFork ? { file: snapshot.ram, isWritten: false } : null, frozenDisk: snapshot.disk },
      origin: snapshot.origin,
      preload: isFork ? this.#options.forkLibrary() : null,
      beforeUse: (lives) => restoreState(start.run, state, guest, lives, start.signal),
    });
  }

  /** Makes the snapshot of the machine's template, unless it is there or another process makes it. */
  async prepare(start: MachineStart): Promise<void> {
    const { snapshotsFolder, forkLibrary } = this.#options;
    const { definition, vm } = start;
    const key = await this.#snapshotKey(start);
    await fsp.mkdir(snapshotsFolder, { recursive: true, mode: 0o700 });
    const lock = await tryLock(snapshotLock(snapshotsFolder, key));
    if (lock === null) return;
    try {
      if ((await findSnapshot(snapshotsFolder, key)) === null) {
        await checkSpace(snapshotsFolder, vm.memoryMiB);
        await this.#makeSnapshot(start, key, forkLibrary() === null ? ["restored"] : ["fork", "restored"]);
      }
      await removeStale(snapshotsFolder, imageOf(definition), key);
      // Of templates and services that there are no more, in any instance.
      await markUsed(path.join(snapshotsFolder, key));
      await removeUnused(snapshotsFolder, UNUSED_DAYS);
    } finally {
      await lock.release();
    }
  }

  /** That which such a machine goes on from, if there is one. */
  async remove(start: MachineStart): Promise<void> {
    const { snapshotsFolder } = this.#options;
    const key = await this.#snapshotKey(start);
    const snapshot = await findSnapshot(snapshotsFolder, key);
    if (snapshot !== null) await removeSnapshotOf(snapshotsFolder, key, snapshot.nonce);
  }

  /** Of the first kind that can be made and used. */
  async #makeSnapshot(start: MachineStart, key: string, origins: readonly Snapshot["origin"][]): Promise<void> {
    const { snapshotsFolder } = this.#options;
    const { definition, vm, signal } = start;
    let failure: unknown;
    for (const origin of origins) {
      const files = await beginSnapshot(snapshotsFolder, key);
      try {
        const snapshot: Snapshot = {
          template: imageOf(definition),
          origin,
          nonce: await this.#keep(start, files, origin),
          ...files,
        };
        await makeOverlay(files.emptyDisk, files.disk, "qcow2");
        // Tried before anybody relies on it.
        const disk = path.join(files.folder, "tried.qcow2");
        const keptDisk = keptDiskOf(start, files);
        await fsp.copyFile(files.emptyDisk, disk);
        const machine = await this.#goOn(start, snapshot, { disk, keptDisk });
        await machine.kill();
        await fsp.rm(disk);
        if (keptDisk !== null) await fsp.rm(keptDisk);
        const { template, nonce } = snapshot;
        await publishSnapshot(snapshotsFolder, key, { template, origin, nonce });
        log(`memory snapshot of template "${template}" (${vm.template.build}): ${origin}`);
        return;
      } catch (error) {
        await removeSnapshot(files.folder);
        signal?.throwIfAborted();
        log(`memory snapshot of template "${imageOf(definition)}" (${origin}): ${messageOf(error)}`);
        failure = error;
      }
    }
    throw failure;
  }

  /** Boots a machine and keeps its memory and state. @returns what only its memory holds */
  async #keep(start: MachineStart, files: SnapshotFiles, origin: Snapshot["origin"]): Promise<string> {
    const { vm, run, signal } = start;
    const isFork = origin === "fork";
    await makeOverlay(files.disk, vm.template.baseImage, "raw");
    if (isFork) {
      await fsp.writeFile(files.ram, "", { mode: 0o600 });
      await fsp.truncate(files.ram, vm.memoryMiB * 1024 * 1024);
    }
    const keptDisk = keptDiskOf(start, files);
    if (keptDisk !== null) await ensureKeptDisk(keptDisk);
    let nonce = "";
    const machine = await launchQemu({
      ...start,
      disk: files.disk,
      keptDisk,
      use: { ram: isFork ? { file: files.ram, isWritten: true } : null, frozenDisk: null },
      origin: "cold",
      preload: null,
      beforeUse: async (lives) => {
        const hasProgram = vm.service?.isInSnapshot === true;
        const state = { file: files.state, isWithoutMemory: isFork, hasProgram };
        nonce = (await keepState(run, state, lives, signal)).toString("hex");
      },
    });
    await machine.kill();
    return nonce;
  }

  async #snapshotKey(start: MachineStart): Promise<string> {
    const { vm } = start;
    const { baseImage, kernel, initrd, buildId } = vm.template;
    const paths = {
      disk: "",
      keptDisk: start.definition.keepsFiles === true ? "" : null,
      baseImage: "",
      kernel: "",
      initrd: "",
    };
    const spec = { ...specOf(start), network: null, id: ANY_ID, ...paths };
    const machine = qemuArguments({ ...spec, snapshot: { ram: null, frozenDisk: null } });
    return snapshotKey({ qemu: await qemuIdentity(), machine, buildId, kernel: `${kernel} ${baseImage}`, initrd });
  }
}

/** Of the machine that is kept, which does not look at it, and of the one that is tried. */
function keptDiskOf({ definition }: MachineStart, { folder }: SnapshotFiles): string | null {
  return definition.keepsFiles === true ? path.join(folder, KEPT_DISK_FILE) : null;
}

/** The image of a service may have a template's name. */
function imageOf({ template, service }: MachineStart["definition"]): string {
  return service === undefined ? template : `service ${service}`;
}

/** A snapshot's memory is a file that is filled while the guest runs: without room for it QEMU would be killed. */
async function checkSpace(folder: string, memoryMiB: number): Promise<void> {
  const { bavail, bsize } = await fsp.statfs(folder);
  if ((bavail * bsize) / 1024 ** 2 < memoryMiB + SNAPSHOT_RESERVE_MIB)
    throw noSpace(`a memory snapshot needs ${memoryMiB + SNAPSHOT_RESERVE_MIB} MiB in ${folder}`);
}
