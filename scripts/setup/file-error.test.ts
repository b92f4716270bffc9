import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileErrorWords, outputRemedy } from "./file-error.mjs";
import { run } from "./process.mjs";

const caught = (work: () => void): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
};
const failure = (code: string, more: object) => Object.assign(new Error(code), { code }, more);

describe("an error of a file", () => {
  it("names the folders where a full disk names no file", () => {
    const error = caught(() => writeFileSync("/dev/full", "x"));
    expect(fileErrorWords(error, "the cache /c")).toMatch(/^The disk is full: the cache \/c\. Make room/);
  });

  it.each([
    ["ENOSPC", { path: "/a", dest: "/b" }, "The disk is full: /b."],
    ["EACCES", { path: "/a" }, "This user may not write there: /a."],
    ["EROFS", { path: "/a" }, "The file system can only be read: /a."],
  ])("%s has a message", (code, more, words) => {
    expect(fileErrorWords(failure(code, more), "")).toContain(words);
  });

  it("is no other error", () => {
    expect(
      fileErrorWords(
        caught(() => copyFileSync("/nowhere/a", "/nowhere/b")),
        "",
      ),
    ).toBeUndefined();
    expect(fileErrorWords(new Error("x"), "")).toBeUndefined();
    expect(fileErrorWords("x", "")).toBeUndefined();
  });
});

it.each([
  ["npm error code ENOSPC", "The disk is full"],
  ["tar: a: Cannot write: No space left on device", "The disk is full"],
  ["npm error Error: EACCES: permission denied, mkdir '/work/node_modules'", "This user may not write there"],
  ["cp: cannot create 'a': Read-only file system", "The file system can only be read"],
])("a program that says %j is understood", (line, words) => {
  expect(outputRemedy(["first", line])).toContain(words);
  expect(outputRemedy(["first"])).toBeUndefined();
});

describe("a program's log", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "atoll-log-"));
    writeFileSync(join(folder, "file"), "");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("on a full disk costs the log, not the program", async () => {
    await expect(run("echo", ["done"], { log: "/dev/full" })).resolves.toBe("done");
  });

  it("whose folder cannot be made is said before the program starts", async () => {
    const started = run("touch", [join(folder, "touched")], { log: join(folder, "file", "logs", "log") });
    await expect(started).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(run("ls", [folder])).resolves.toBe("file");
  });
});
