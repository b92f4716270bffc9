/** What a run that was killed has left. */
import { randomUUID } from "node:crypto";
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
    ({ run }, id) => {
      ended.push(`${path.relative(folder, run)} ${id}`);
      return end();
    },
    (line) => logged.push(line),
  );

/** A home whose run was killed while a machine of this id ran. */
function left(name: string, id: string, named = id): void {
  const run = path.join(folder, name, "run/vms", id.slice(0, 13));
  fs.mkdirSync(run, { recursive: true });
  fs.writeFileSync(path.join(folder, name, "lock"), "");
  fs.writeFileSync(path.join(run, "machine.json"), JSON.stringify({ id: named }));
}

it("is ended and removed, and what others have there stays", async () => {
  const [id, other] = [randomUUID(), randomUUID()];
  left("atoll-once-left", id);
  // A machine that its guest has taken over names another VM.
  left("atoll-once-liar", randomUUID(), other);
  const own = await makeOnceHome();
  fs.mkdirSync(path.join(folder, "atoll-once-of-somebody"));
  fs.mkdirSync(path.join(folder, "another"));
  await removed();
  expect(ended).toEqual([`atoll-once-left/run ${id}`]);
  const home = path.basename(path.dirname(own.paths.run));
  expect(fs.readdirSync(folder).toSorted()).toEqual(["another", "atoll-once-of-somebody", home].toSorted());
  await own.remove();
  expect(fs.readdirSync(folder).toSorted()).toEqual(["another", "atoll-once-of-somebody"]);
  expect(logged).toEqual([]);
});

it("stays for the next run where its machine does not end", async () => {
  left("atoll-once-left", randomUUID());
  await removed(() => Promise.reject(new Error("it does not end.")));
  expect(logged).toEqual([`${path.join(folder, "atoll-once-left")}, of an earlier run, stays: it does not end.`]);
  expect(fs.readdirSync(folder)).toEqual(["atoll-once-left"]);
  await removed();
  expect(fs.readdirSync(folder)).toEqual([]);
});
