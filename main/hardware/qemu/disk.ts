/** A VM's disk: an overlay of its template's image, and the record of which build of it that is. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { syncFile, syncFolder, writeFileAtomically } from "../../base/write-file.ts";
import { firstBytes, readJson } from "./plain-files.ts";
import { hasExternalDataFile, QCOW2_HEADER_BYTES } from "./qcow2.ts";

export const DISK_FILE = "disk.qcow2";
/** Of what a service keeps. */
export const KEPT_DISK_FILE = "kept.img";
const DISK_RECORD_FILE = "disk.json";

export interface TemplateFiles {
  /** Name of its folder; a build never changes once it is there. */
  build: string;
  /** Tells it from another build that was made in that folder later. */
  buildId: string;
  baseImage: string;
  kernel: string;
  initrd: string;
}

/** Which build a disk is based on; records of earlier versions have no id. */
const diskSchema = z.object({ templateBuild: z.string(), buildId: z.string().optional() });
type DiskRecord = z.infer<typeof diskSchema>;

/** Which template build the VM's disk is an overlay of; null = it has no disk yet. @throws AppError hardware.disk-broken */
export async function diskRecord(state: string): Promise<DiskRecord | null> {
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

export async function writeDiskRecord(state: string, { build, buildId }: TemplateFiles): Promise<void> {
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

/** A new disk, in the place of one that is there: it and its record are of this template, or there is none, whenever this is cut short. */
export async function createDisk(state: string, template: TemplateFiles): Promise<void> {
  const disk = path.join(state, DISK_FILE);
  const partial = `${disk}.partial`;
  try {
    await makeOverlay(partial, template.baseImage, "raw");
    await syncFile(partial);
    // One of a former build must not be there when the record names this one: on another base it would be read as garbage.
    await fsp.rm(disk, { force: true });
    // First: a disk without its record counts as damaged, a record without a disk as none.
    await writeDiskRecord(state, template);
    await fsp.rename(partial, disk);
    await syncFolder(state);
  } finally {
    await fsp.rm(partial, { force: true });
  }
}

/** So large is what a service can keep, MiB; it takes as much as there is in it. */
const KEPT_MIB = 2_048;
/** Of the guest's one user. */
const GUEST_USER = "1000:1000";

/** The disk for what a service keeps, unless it is there. @throws AppError hardware.program-missing, hardware.no-space, hardware.machine-failed */
export async function ensureKeptDisk(file: string): Promise<void> {
  if (fs.existsSync(file)) return;
  const partial = `${file}.partial`;
  try {
    const options = `lazy_itable_init=1,lazy_journal_init=1,root_owner=${GUEST_USER}`;
    await runForDisk("mke2fs", "e2fsprogs", [
      "-q",
      "-F",
      "-t",
      "ext4",
      "-m",
      "0",
      "-E",
      options,
      partial,
      `${KEPT_MIB}M`,
    ]);
    await fsp.chmod(partial, 0o600);
    // Else it could be there, and be empty, after a power cut: nobody would make it anew.
    await syncFile(partial);
    await fsp.rename(partial, file);
    await syncFolder(path.dirname(file));
  } finally {
    await fsp.rm(partial, { force: true });
  }
}

/** An overlay without content of `base`. @throws AppError hardware.program-missing, hardware.no-space, hardware.machine-failed */
export async function makeOverlay(file: string, base: string, format: "raw" | "qcow2"): Promise<void> {
  await runForDisk("qemu-img", "qemu-utils", ["create", "-q", "-f", "qcow2", "-b", base, "-F", format, file]);
  await fsp.chmod(file, 0o600);
}

async function runForDisk(program: string, from: string, args: readonly string[]): Promise<void> {
  try {
    // A user's own may lack the folders of system programs.
    const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
    await promisify(execFile)(program, args, { env });
  } catch (cause) {
    const reason = messageOf(cause);
    if (/ENOENT/.test(reason))
      throw new AppError(
        "hardware.program-missing",
        `${program} cannot be started: install Debian's ${from}.`,
        {},
        { cause },
      );
    if (/No space|ENOSPC/.test(reason)) throw noSpace(cause);
    throw new AppError("hardware.machine-failed", `The VM's disk cannot be made: ${reason}`, {}, { cause });
  }
}

/** @throws AppError hardware.disk-broken */
export async function refuseExternalData(disk: string): Promise<void> {
  const header = await firstBytes(disk, QCOW2_HEADER_BYTES);
  if (header === null || !hasExternalDataFile(header)) return;
  throw new AppError(
    "hardware.disk-broken",
    `The VM's disk ${disk} says that its data is in another file of this computer, which Atoll never follows. Nothing was changed: restore a copy of the disk if you have one, or remove the VM ("vm remove").`,
    { disk },
  );
}

export function noSpace(cause: unknown): AppError {
  return new AppError(
    "hardware.no-space",
    "There is no space left on the disk for this VM: free some, then start it again.",
    { reason: messageOf(cause) },
    { cause },
  );
}
