/** Whether there is no list of the quarantine, or one that cannot be read. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { QuarantineFile } from "./quarantine-file.ts";

let folder: string;
let file: QuarantineFile;
const place = (): string => path.join(folder, "quarantine.json");
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll quarantine "));
  file = new QuarantineFile(folder);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

it("is empty where there is none, and is what was written", () => {
  expect(file.read()).toEqual({ lastId: 0, files: [] });
  expect(file.write({ lastId: 3, files: [] })).toBe(true);
  expect(file.read()).toEqual({ lastId: 3, files: [] });
});

it("has what was kept before files were looked at again", () => {
  const ours = { kind: "host" } as const;
  const before = {
    ...{ id: 1, path: "a", bytes: 1, from: ours, to: null, time: "2026-11-28T09:49:00.000Z", service: "antivirus" },
    ...{ sha256: "ab".repeat(32), verdict: "found", engines: [], key: "cd".repeat(16), name: "a" },
  };
  fs.writeFileSync(place(), JSON.stringify({ lastId: 1, files: [before] }));
  expect(file.read()).toEqual({ lastId: 1, files: [{ ...before, now: null }] });
});

it("is not known where it is broken", () => {
  fs.writeFileSync(place(), "{");
  expect(file.read()).toBeNull();
});

it("is not known where it cannot be read, nor written then", () => {
  fs.mkdirSync(place());
  expect([file.read(), file.write({ lastId: 0, files: [] })]).toEqual([null, false]);
});
