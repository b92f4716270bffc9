import fs from "node:fs";
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tryLock } from "../../base/file-lock.ts";
import { noSpace } from "./disk.ts";
import {
  beginSnapshot,
  findSnapshot,
  isWantOfHost,
  publishSnapshot,
  removeSnapshotOf,
  removeStale,
  snapshotKey,
  snapshotLock,
  type SnapshotParts,
} from "./snapshots.ts";

let folder: string;
const about = { template: "debian", origin: "fork", nonce: "0".repeat(32) } as const;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-snapshots-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function whatIsThere(): string[] {
  const names = fs.readdirSync(folder).filter((name) => !name.startsWith(".lock-"));
  return names.sort();
}

async function made(key: string, template = "debian"): Promise<void> {
  const { state } = await beginSnapshot(folder, key);
  fs.writeFileSync(state, "state");
  await publishSnapshot(folder, key, { ...about, template });
}

it("is there as a whole or not at all", async () => {
  const { state } = await beginSnapshot(folder, "one");
  fs.writeFileSync(state, "state");
  expect(await findSnapshot(folder, "one")).toBeNull();
  await publishSnapshot(folder, "one", about);
  const found = await findSnapshot(folder, "one");
  expect(found).toMatchObject({ ...about, folder: path.join(folder, "one") });
  expect(fs.readFileSync(found?.state ?? "", "utf8")).toBe("state");
});

it("is made anew where an earlier process has left off", async () => {
  const { state } = await beginSnapshot(folder, "one");
  fs.writeFileSync(state, "half");
  expect(fs.existsSync((await beginSnapshot(folder, "one")).state)).toBe(false);
});

it("is made anew in the place of one whose removal was cut short", async () => {
  await made("one");
  fs.rmSync(path.join(folder, "one/snapshot.json"));
  await made("one");
  expect(await findSnapshot(folder, "one")).toMatchObject(about);
  expect(whatIsThere()).toEqual(["one"]);
});

it("is on the disk, whoever has written its files, before it is there", async () => {
  const handle = await fsp.open(folder, "r");
  const synced: number[] = [];
  const sync = vi.spyOn(Object.getPrototypeOf(handle) as fsp.FileHandle, "sync").mockImplementation(async function (
    this: fsp.FileHandle,
  ) {
    if (!fs.existsSync(path.join(folder, "one"))) synced.push((await this.stat()).ino);
  });
  try {
    const { state, ram, disk, emptyDisk } = await beginSnapshot(folder, "one");
    const files = [state, ram, disk, emptyDisk];
    for (const file of files) fs.writeFileSync(file, "written by QEMU");
    const inodes = files.map((file) => fs.statSync(file).ino);
    await publishSnapshot(folder, "one", about);
    expect(synced).toEqual(expect.arrayContaining(inodes));
  } finally {
    sync.mockRestore();
    await handle.close();
  }
});

it("is none where its record is damaged", async () => {
  await made("one");
  fs.writeFileSync(path.join(folder, "one/snapshot.json"), '{"template": "debian", "origin": "fork", "nonce": "1"}');
  expect(await findSnapshot(folder, "one")).toBeNull();
});

it("goes with the first of its template that has another key, and what others make is left alone", async () => {
  await made("old");
  await made("new");
  await made("web", "debian-web");
  await beginSnapshot(folder, "others");
  const lock = await tryLock(snapshotLock(folder, "others"));
  await removeStale(folder, "debian", "new");
  expect(whatIsThere()).toEqual([".partial-others", "new", "web"]);
  await lock?.release();
});

it("is removed half made where its maker was killed, whatever it was to be", async () => {
  await beginSnapshot(folder, "half");
  await removeStale(folder, "debian", "new");
  expect(whatIsThere()).toEqual([]);
});

it("that cannot be used is removed, and never the one that was made in its place or is being made", async () => {
  await made("one");
  await removeSnapshotOf(folder, "one", "1".repeat(32));
  expect(whatIsThere()).toEqual(["one"]);
  const lock = await tryLock(snapshotLock(folder, "one"));
  await removeSnapshotOf(folder, "one", about.nonce);
  expect(whatIsThere()).toEqual(["one"]);
  await lock?.release();
  await removeSnapshotOf(folder, "one", about.nonce);
  expect(whatIsThere()).toEqual([]);
});

it("is not to blame where the host has no room", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, copyfile"), { code: "ENOSPC" });
  expect(isWantOfHost(full)).toBe(true);
  expect(isWantOfHost(noSpace(full))).toBe(true);
  expect(isWantOfHost(new Error("qemu: cannot set up guest memory 'ram': Cannot allocate memory"))).toBe(true);
  expect(isWantOfHost(new Error("qemu: Not a migration stream"))).toBe(false);
});

const parts: SnapshotParts = { qemu: "7.2", machine: ["-m", "512M"], buildId: "b", kernel: "/k", initrd: "/i" };

it.each([
  { qemu: "7.2.1" },
  { machine: ["-m", "513M"] },
  { machine: ["-m", "512M", "-device"] },
  { buildId: "c" },
  { kernel: "/l" },
  { initrd: "/j" },
])("has another key where it would come from %j", (change) => {
  expect(snapshotKey({ ...parts, ...change })).not.toBe(snapshotKey(parts));
});

it("has the same key for the same parts, which can be a folder's name", () => {
  expect(snapshotKey({ ...parts })).toBe(snapshotKey(parts));
  expect(snapshotKey(parts)).toMatch(/^[0-9a-f]{20}$/);
});
