import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { promptMark } from "#shared/model/prompt-mark.ts";
import { PromptMarkFile } from "./prompt-mark-file.ts";

let folder: string;
let logged: string[];
const file = (): string => path.join(folder, "config/prompt-mark.yaml");

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-mark-"));
  logged = [];
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function load(): Promise<PromptMarkFile> {
  const mark = new PromptMarkFile(path.join(folder, "config"), (line) => logged.push(line));
  await mark.load();
  return mark;
}

function write(text: string, mode: number): void {
  fs.mkdirSync(path.dirname(file()), { recursive: true });
  fs.writeFileSync(file(), text, { mode });
}

it("a mark is drawn at the first start, for its owner's eyes alone, and is the same at the next", async () => {
  const { current } = await load();
  expect(promptMark.parse(current)).toEqual(current);
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  expect((await load()).current).toEqual(current);
});

it("no two persons have the same, but by chance", async () => {
  const mark = await load();
  const drawn = new Set([JSON.stringify(mark.current)]);
  for (let times = 0; times < 20; times += 1) {
    await mark.draw();
    drawn.add(JSON.stringify(mark.current));
  }
  expect(drawn.size).toBe(21);
});

it("another one is told to whoever shows it, and kept", async () => {
  const mark = await load();
  const heard: unknown[] = [];
  mark.on("changed", (now) => heard.push(now));
  await mark.draw();
  expect(heard).toEqual([mark.current]);
  expect((await load()).current).toEqual(mark.current);
});

it("a file that others can read is closed to them", async () => {
  write('words: slow lantern\npattern: "01234567"\n', 0o644);
  expect((await load()).current).toEqual({ words: "slow lantern", pattern: "01234567" });
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
});

it("a broken file is no mark, and stays until another one is drawn", async () => {
  write("words: <b>\n", 0o600);
  const mark = await load();
  expect(mark.current).toBeNull();
  expect(logged.join()).toContain(file());
  expect(fs.readFileSync(file(), "utf8")).toBe("words: <b>\n");
  await mark.draw();
  expect((await load()).current).toEqual(mark.current);
});

it("where it cannot be written there is none, and the start goes on", async () => {
  fs.writeFileSync(path.join(folder, "config"), "");
  const mark = await load();
  expect(mark.current).toBeNull();
  expect(logged).toHaveLength(1);
  await expect(mark.draw()).rejects.toMatchObject({ code: "file.write-failed" });
});
