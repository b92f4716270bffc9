import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeInitrd, PROGRAMS } from "./initrd.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "atoll-initrd-"));
  await mkdir(join(dir, "modules"));
  await writeFile(join(dir, "modules", "order"), "root virtio_blk.ko\n");
  for (const name of Object.keys(PROGRAMS)) await writeFile(join(dir, name), `${name} 1`);
});
afterEach(() => rm(dir, { recursive: true }));

const make = (): Promise<string> => makeInitrd({ modulesDir: join(dir, "modules"), agentFolder: dir }, dir);

it("makes it for many VMs that start together", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, make));
  expect(new Set(made).size).toBe(1);
  expect(await readdir(join(made[0] ?? "", ".."))).toEqual(["initrd.img"]);
});

it("makes an initrd once for the same parts, and another for another agent", async () => {
  const first = await make();
  const { mtimeMs } = await stat(first);
  expect(await make()).toBe(first);
  expect((await stat(first)).mtimeMs).toBe(mtimeMs);
  await writeFile(join(dir, "atoll-agent"), "agent 2");
  expect(await make()).not.toBe(first);
  expect((await readdir(join(dir, "boot"))).length).toBe(2);
});

it("removes others that nobody has used for a week when it makes one", async () => {
  const daysAgo = (days: number): Date => new Date(Date.now() - days * 24 * 60 * 60_000);
  const unused = join(await make(), "..");
  await writeFile(join(dir, "atoll-agent"), "agent 2");
  const used = join(await make(), "..");
  for (const [folder, days] of [
    [unused, 8],
    [used, 8],
  ] as const)
    await utimes(folder, daysAgo(days), daysAgo(days));
  await make();
  await writeFile(join(dir, "atoll-agent"), "agent 3");
  const made = join(await make(), "..");
  expect((await readdir(join(dir, "boot"))).toSorted()).toEqual(
    [used, made].map((folder) => basename(folder)).toSorted(),
  );
});
