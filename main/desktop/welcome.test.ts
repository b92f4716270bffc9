import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Welcome } from "./welcome.ts";

let stateFolder: string;
let said: string[];
beforeEach(() => {
  stateFolder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  said = [];
});
afterEach(() => fs.rmSync(stateFolder, { recursive: true, force: true }));

const start = (isFirstStart: boolean): Welcome =>
  new Welcome({ stateFolder, isFirstStart, log: (line) => said.push(line) });

it("comes with the first start, until it is put away", () => {
  const welcome = start(true);
  expect(welcome.isWanted).toBe(true);
  welcome.putAway();
  expect(welcome.isWanted).toBe(false);
});

it("comes once: not again after a start that crashed, nor when all VMs were deleted", () => {
  expect(start(true).isWanted).toBe(true);
  expect(start(true).isWanted).toBe(false);
});

it("is not for a home that has VMs", () => {
  expect(start(false).isWanted).toBe(false);
  expect(fs.readdirSync(stateFolder)).toEqual([]);
});

it("comes, and says so, where its coming cannot be noted", () => {
  stateFolder = path.join(stateFolder, "absent");
  expect(start(true).isWanted).toBe(true);
  expect(said.join()).toContain("welcomed");
});
