import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LastGood } from "./last-good.ts";

let folder: string;
const file = (): string => path.join(folder, "state/last-good.yaml");
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-last-good-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

it("is none until a text is kept, which the next run finds", async () => {
  expect(await new LastGood(file()).text()).toBeNull();
  await new LastGood(file()).keep("a: 1\n");
  expect(await new LastGood(file()).text()).toBe("a: 1\n");
});

it("is written once for the same text", async () => {
  const lastGood = new LastGood(file());
  await lastGood.keep("a: 1\n");
  const { ino } = fs.statSync(file());
  await lastGood.keep("a: 1\n");
  expect(fs.statSync(file()).ino).toBe(ino);
});

it("that cannot be written stops nobody, and is tried again", async () => {
  const lastGood = new LastGood(file());
  fs.writeFileSync(path.join(folder, "state"), "in the way");
  await lastGood.keep("a: 1\n");
  fs.rmSync(path.join(folder, "state"));
  await lastGood.keep("a: 1\n");
  expect(fs.readFileSync(file(), "utf8")).toBe("a: 1\n");
});
