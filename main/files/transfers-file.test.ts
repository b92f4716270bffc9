import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { type KeptTransfer, TransfersFile } from "./transfers-file.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-transfers-"))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const KEPT: KeptTransfer = {
  id: 3,
  from: "00000000-0000-4000-8000-000000000001" as VmId,
  to: null,
  paths: [Buffer.from([0x2f, 0xff, 0x0a]).toString("base64")],
  target: null,
  key: "0123456789abcdef0123456789abcdef",
  name: "a",
  chosen: 1,
  files: 2,
  bytes: 10,
  doneBytes: 4,
  listDigest: "d",
  only: null,
};

it("what was written is read, by whoever comes next", () => {
  expect(new TransfersFile(folder).read()).toEqual([]);
  new TransfersFile(folder).write([KEPT]);
  expect(new TransfersFile(folder).read()).toEqual([KEPT]);
  new TransfersFile(folder).write([]);
  expect(new TransfersFile(folder).read()).toEqual([]);
});

it("what was written before there was a choice of files sends all", () => {
  const { only, ...before } = KEPT;
  fs.writeFileSync(path.join(folder, "transfers.json"), JSON.stringify([before]));
  expect(new TransfersFile(folder).read()).toEqual([{ ...before, only }]);
});

it.each([
  ["no JSON", "{"],
  ["something else", '{"a": 1}'],
  ["a transfer without a key", JSON.stringify([{ ...KEPT, key: "" }])],
])("a file with %s is no transfer, and is written anew", (_what, text) => {
  fs.writeFileSync(path.join(folder, "transfers.json"), text);
  const file = new TransfersFile(folder);
  expect(file.read()).toEqual([]);
  file.write([KEPT]);
  expect(file.read()).toEqual([KEPT]);
});

it("a file that cannot be read is kept aside when another is written", () => {
  fs.mkdirSync(path.join(folder, "transfers.json"));
  const file = new TransfersFile(folder);
  expect(file.read()).toEqual([]);
  expect(fs.readdirSync(folder)).toEqual(["transfers.json"]);
  file.write([KEPT]);
  file.write([KEPT]);
  expect(file.read()).toEqual([KEPT]);
  expect(fs.statSync(path.join(folder, "transfers-unread.json")).isDirectory()).toBe(true);
});

it("a folder that cannot be written stops no transfer", () => {
  const file = new TransfersFile(path.join(folder, "none"));
  file.write([KEPT]);
  expect(file.read()).toEqual([]);
});
