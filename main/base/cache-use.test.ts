import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import fsp from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { markUsed, removeUnused } from "./cache-use.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "atoll-cache-use-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true });
});

/** A folder of the cache that was used so many days ago. */
async function used(name: string, days: number): Promise<string> {
  const folder = join(dir, name);
  await mkdir(folder);
  await writeFile(join(folder, "file"), name);
  const at = new Date(Date.now() - days * 24 * 60 * 60_000);
  await utimes(folder, at, at);
  return folder;
}
const left = async (): Promise<string[]> => (await readdir(dir)).toSorted();

it("what nobody has used for so long goes, whatever else there is", async () => {
  await used("old", 31);
  await used("new", 29);
  await used(".lock-old", 31);
  // An earlier removal was cut short.
  await used(".unused-older", 40);
  await removeUnused(dir, 30);
  expect(await left()).toEqual([".lock-old", "new"]);
});

it("what is used again stays", async () => {
  await markUsed(await used("old", 31));
  await removeUnused(dir, 30);
  expect(await left()).toEqual(["old"]);
});

it("what is not there cannot be marked, and there may be nothing to remove", async () => {
  await markUsed(join(dir, "none"));
  await removeUnused(join(dir, "none"), 30);
  expect(await left()).toEqual([]);
});

it("what another instance marks in the last moment is in its place afterwards", async () => {
  const folder = await used("old", 31);
  const rename = fsp.rename.bind(fsp);
  vi.spyOn(fsp, "rename").mockImplementationOnce(async (from, to) => {
    await markUsed(folder);
    await rename(from, to);
  });
  await removeUnused(dir, 30);
  expect(await left()).toEqual(["old"]);
  expect(Date.now() - (await stat(folder)).mtimeMs).toBeLessThan(24 * 60 * 60_000);
});
