/** What a run that was killed has left. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeOnceHome, removeLeftHomes } from "./once-home.ts";

let folder: string;
let ended: string[];
let logged: string[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-homes-"));
  vi.stubEnv("TMPDIR", folder);
  [ended, logged] = [[], []];
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

const removed = (end: () => Promise<void> = () => Promise.resolve()): Promise<void> =>
  removeLeftHomes(
    ({ run }) => {
      ended.push(path.relative(folder, run));
      return end();
    },
    (line) => logged.push(line),
  );

/** A home whose run was killed. */
function left(name: string): void {
  fs.mkdirSync(path.join(folder, name, "run/vms"), { recursive: true });
  fs.writeFileSync(path.join(folder, name, "lock"), "");
}

it("is ended and removed, and what others have there stays", async () => {
  left("atoll-once-left");
  const own = await makeOnceHome();
  fs.mkdirSync(path.join(folder, "atoll-once-of-somebody"));
  fs.mkdirSync(path.join(folder, "another"));
  await removed();
  expect(ended).toEqual(["atoll-once-left/run"]);
  const home = path.basename(path.dirname(own.paths.run));
  expect(fs.readdirSync(folder).toSorted()).toEqual(["another", "atoll-once-of-somebody", home].toSorted());
  await own.remove();
  expect(fs.readdirSync(folder).toSorted()).toEqual(["another", "atoll-once-of-somebody"]);
  expect(logged).toEqual([]);
});

it("stays for the next run where its machine does not end", async () => {
  left("atoll-once-left");
  await removed(() => Promise.reject(new Error("QEMU does not end.")));
  expect(logged).toEqual([`${path.join(folder, "atoll-once-left")}, of an earlier run, stays: QEMU does not end.`]);
  expect(fs.readdirSync(folder)).toEqual(["atoll-once-left"]);
  await removed();
  expect(fs.readdirSync(folder)).toEqual([]);
});
