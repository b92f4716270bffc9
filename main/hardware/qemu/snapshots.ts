/**
 * Memory snapshots of templates, in the cache: a folder for each, named by all that it depends on. It is there as a whole or
 * not at all, and never changes.
 */
import { createHash } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { tryLock } from "../../base/file-lock.ts";
import { syncFile, syncFolder, writeFileAtomically } from "../../base/write-file.ts";
import { SNAPSHOT_RAM } from "./argv.ts";
import { NONCE_BYTES } from "./machine-state.ts";

const FILE = "snapshot.json";
const PARTIAL = ".partial-";
const LOCK = ".lock-";

const snapshotSchema = z.object({
  /** The template's name. */
  template: z.string(),
  /** What a machine that goes on from it is: see MachineOrigin. */
  origin: z.enum(["fork", "restored"]),
  /** Hexadecimal. */
  nonce: z.string().length(NONCE_BYTES * 2),
});

/** Absolute paths. */
export interface SnapshotFiles {
  folder: string;
  /** Of a `fork`: the memory. */
  ram: string;
  /** The machine's state; of a `restored` one with its memory. */
  state: string;
  /** As it was when the memory was kept. */
  disk: string;
  /** An overlay of that without content: each machine gets a copy. */
  emptyDisk: string;
}

export interface Snapshot extends z.infer<typeof snapshotSchema>, SnapshotFiles {}

/** All that a machine's state and memory come from. */
export interface SnapshotParts {
  /** QEMU's version and its program's file, as they are. */
  qemu: string;
  /** QEMU's arguments, those left out that name files and the VM. */
  machine: readonly string[];
  /** The template's build. */
  buildId: string;
  kernel: string;
  /** Its path says its content. */
  initrd: string;
}

export function snapshotKey({ qemu, machine, buildId, kernel, initrd }: SnapshotParts): string {
  const parts = JSON.stringify([qemu, machine, buildId, kernel, initrd]);
  return createHash("sha256").update(parts).digest("hex").slice(0, 20);
}

export function snapshotLock(snapshotsDir: string, key: string): string {
  return path.join(snapshotsDir, `${LOCK}${key}`);
}

/** null: there is none that is whole. */
export async function findSnapshot(snapshotsDir: string, key: string): Promise<Snapshot | null> {
  return readSnapshot(path.join(snapshotsDir, key));
}

async function readSnapshot(folder: string): Promise<Snapshot | null> {
  try {
    const about = snapshotSchema.parse(JSON.parse(await fsp.readFile(path.join(folder, FILE), "utf8")));
    return { ...about, ...filesIn(folder) };
  } catch {
    return null;
  }
}

function filesIn(folder: string): SnapshotFiles {
  return {
    folder,
    ram: path.join(folder, SNAPSHOT_RAM),
    state: path.join(folder, "state"),
    disk: path.join(folder, "disk.qcow2"),
    emptyDisk: path.join(folder, "empty.qcow2"),
  };
}

/** An empty folder in which one is made; whoever has its lock may. */
export async function beginSnapshot(snapshotsDir: string, key: string): Promise<SnapshotFiles> {
  const folder = path.join(snapshotsDir, `${PARTIAL}${key}`);
  await fsp.rm(folder, { recursive: true, force: true });
  await fsp.mkdir(folder, { recursive: true, mode: 0o700 });
  return filesIn(folder);
}

/** What was made in a folder of `beginSnapshot` is there from now on, after a power cut too. */
export async function publishSnapshot(
  snapshotsDir: string,
  key: string,
  about: z.infer<typeof snapshotSchema>,
): Promise<void> {
  const partial = path.join(snapshotsDir, `${PARTIAL}${key}`);
  const folder = path.join(snapshotsDir, key);
  // QEMU has not waited until what it wrote was on the disk: a guest would go on from memory that is not its own.
  for (const name of await fsp.readdir(partial)) await syncFile(path.join(partial, name));
  await writeFileAtomically(path.join(partial, FILE), JSON.stringify(about));
  // What is left of one whose removal was cut short would be in its way for ever.
  await removeSnapshot(folder);
  await fsp.rename(partial, folder);
  await syncFolder(snapshotsDir);
}

/** Machines that go on from it keep its files open. */
export async function removeSnapshot(folder: string): Promise<void> {
  await fsp.rm(folder, { recursive: true, force: true });
}

/** Removes one that cannot be used; one that was made in its place meanwhile, or is being made, is left alone. */
export async function removeSnapshotOf(snapshotsDir: string, key: string, nonce: string): Promise<void> {
  const lock = await tryLock(snapshotLock(snapshotsDir, key));
  if (lock === null) return;
  try {
    const there = await findSnapshot(snapshotsDir, key);
    if (there === null || there.nonce === nonce) await removeSnapshot(path.join(snapshotsDir, key));
  } finally {
    await lock.release();
  }
}

/** Whether a machine could not go on for want of something of the host's: the next one may, from the same snapshot. */
export function isWantOfHost(error: unknown): boolean {
  if (error instanceof AppError && /^hardware\.(no-space|program-missing)$/.test(error.code)) return true;
  return /ENOSPC|ENOMEM|EMFILE|ENFILE|No space left|Cannot allocate memory/i.test(messageOf(error));
}

/**
 * Removes those of the template that are not `key`: they are of another build of it, or of another QEMU or agent. And what is left
 * of any whose maker was killed.
 */
export async function removeStale(snapshotsDir: string, template: string, key: string): Promise<void> {
  const names = await fsp.readdir(snapshotsDir).catch(() => []);
  for (const name of names.filter((other) => other !== key && !other.startsWith("."))) {
    const folder = path.join(snapshotsDir, name);
    const snapshot = await readSnapshot(folder);
    if (snapshot === null || snapshot.template === template) await removeSnapshot(folder);
  }
  for (const partial of names.filter((other) => other.startsWith(PARTIAL))) {
    const lock = await tryLock(snapshotLock(snapshotsDir, partial.slice(PARTIAL.length)));
    if (lock === null) continue; // it is being made, or is our own
    try {
      await removeSnapshot(path.join(snapshotsDir, partial));
    } finally {
      await lock.release();
    }
  }
}
