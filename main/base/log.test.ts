import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { log, logTo, MAX_LOG_BYTES } from "./log.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-log-"));
  file = path.join(folder, "atoll.log");
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true });
});

const sizeOf = (name: string): number => fs.statSync(name).size;

it("however much is logged while the application runs, the files stay below their limit and the last lines are there", () => {
  logTo(folder);
  const line = "é".repeat(5_000);
  for (let count = 0; count < 400; count += 1) log(`${count} ${line}`);
  expect(sizeOf(file)).toBeLessThanOrEqual(MAX_LOG_BYTES);
  expect(sizeOf(`${file}.1`)).toBeLessThanOrEqual(MAX_LOG_BYTES);
  expect(fs.readdirSync(folder).toSorted()).toEqual(["atoll.log", "atoll.log.1"]);
  const kept = fs.readFileSync(`${file}.1`, "utf8") + fs.readFileSync(file, "utf8");
  const numbers = [...kept.matchAll(/Z (\d+) é/gu)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 400 - numbers.length + at));
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});

it("a file that an earlier run left is continued, and counts", () => {
  fs.writeFileSync(file, "x".repeat(MAX_LOG_BYTES - 10));
  logTo(folder);
  log("short");
  expect(sizeOf(`${file}.1`)).toBe(MAX_LOG_BYTES - 10);
  expect(fs.readFileSync(file, "utf8")).toMatch(/ short\n$/);
});

it("a file that was removed while the application runs is made again", () => {
  logTo(folder);
  for (let count = 0; count < 150; count += 1) {
    if (count === 50) fs.rmSync(file);
    log("y".repeat(10_000));
  }
  expect(fs.readFileSync(file, "utf8")).toContain("yyy");
});

it("a terminal that has been closed, or a program that reads no more of it, is no error of the application's", () => {
  expect(() => process.stderr.emit("error", new Error("write EPIPE"))).not.toThrow();
});
