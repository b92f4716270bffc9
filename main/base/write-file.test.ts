import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replacePersonsFile, writeFileAtomically, writeFileAtomicallySync } from "./write-file.ts";

let folder: string;
const file = (): string => path.join(folder, "file.json");
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-write-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe.each([
  ["writeFileAtomically", writeFileAtomically],
  [
    "writeFileAtomicallySync",
    async (...args: Parameters<typeof writeFileAtomicallySync>) => writeFileAtomicallySync(...args),
  ],
] as const)("%s", (_name, write) => {
  it("makes a file that only its owner can read, or of the mode that was asked for", async () => {
    await write(file(), "one");
    expect(fs.readFileSync(file(), "utf8")).toBe("one");
    expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
    await write(path.join(folder, "open"), "", { mode: 0o644 });
    expect(fs.statSync(path.join(folder, "open")).mode & 0o777).toBe(0o644);
  });

  it("puts a new file in the place of the old one, which whoever has it open keeps", async () => {
    fs.writeFileSync(file(), "old");
    const open = fs.openSync(file(), "r");
    await write(file(), "new");
    expect(fs.readFileSync(open, "utf8")).toBe("old");
    expect(fs.readFileSync(file(), "utf8")).toBe("new");
    fs.closeSync(open);
    expect(fs.readdirSync(folder)).toEqual(["file.json"]);
  });

  it("leaves nothing behind where it fails", async () => {
    fs.mkdirSync(file());
    await expect(write(file(), "text")).rejects.toMatchObject({ code: "EISDIR" });
    expect(fs.readdirSync(folder)).toEqual(["file.json"]);
    await expect(write(path.join(folder, "no/where"), "text")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

it("a file that must be new leaves one that is there as it is", async () => {
  await writeFileAtomically(file(), "first", { isNew: true });
  await expect(writeFileAtomically(file(), "second", { isNew: true })).rejects.toMatchObject({ code: "EEXIST" });
  expect(fs.readFileSync(file(), "utf8")).toBe("first");
  expect(fs.readdirSync(folder)).toEqual(["file.json"]);
});

it("of many writers one wins, whole", async () => {
  const texts = Array.from({ length: 20 }, (_, n) => String(n).repeat(10_000));
  await Promise.all(texts.map((text) => writeFileAtomically(file(), text)));
  expect(texts).toContain(fs.readFileSync(file(), "utf8"));
  expect(fs.readdirSync(folder)).toEqual(["file.json"]);
});

it("a person's file is replaced where it lies, and the link that leads to it stays", async () => {
  const kept = path.join(folder, "kept");
  fs.mkdirSync(kept);
  fs.writeFileSync(path.join(kept, "mine.yaml"), "old");
  fs.symlinkSync("kept/mine.yaml", file());
  await replacePersonsFile(file(), "new");
  expect(fs.readlinkSync(file())).toBe("kept/mine.yaml");
  expect(fs.readFileSync(path.join(kept, "mine.yaml"), "utf8")).toBe("new");
  // One that leads nowhere is in the way.
  fs.rmSync(kept, { recursive: true });
  await replacePersonsFile(file(), "newer");
  expect(fs.lstatSync(file()).isFile()).toBe(true);
});
