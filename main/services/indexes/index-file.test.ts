/** What is on the disk of indexes and of the versions that were seen. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { IndexFile } from "./index-file.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll index file "))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const latest = { version: "2.0.0", sha256: "ab" };

it("of changes at once the last one stays on the disk, and none is lost", async () => {
  const file = new IndexFile(folder);
  // It takes longest to write.
  const large = { name: "shop", source: "/shop", key: null, text: "x".repeat(20_000_000), signature: null, readMs: 1 };
  await Promise.all([
    file.put(large),
    file.put({ ...large, text: "new" }),
    file.setLatest("key", "index", "a", latest),
  ]);
  const read = new IndexFile(folder);
  await read.load();
  expect([read.indexes.map(({ text }) => text), read.latestOf("key", "index", "a")]).toEqual([["new"], latest]);
});

it("what could not be written does not count, and the next change is written", async () => {
  const file = new IndexFile(folder);
  fs.mkdirSync(path.join(folder, "service-indexes.json"));
  await expect(file.setLatest("key", "index", "a", latest)).rejects.toThrow(/EISDIR|directory/);
  expect(file.latestOf("key", "index", "a")).toBeUndefined();
  fs.rmdirSync(path.join(folder, "service-indexes.json"));
  await file.setLatest("key", "index", "b", latest);
  expect([file.latestOf("key", "index", "a"), file.latestOf("key", "index", "b")]).toEqual([undefined, latest]);
});
