/** What the antivirus keeps on its disk: services/antivirus/program/quarantine.py, as its program uses it. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runInProgram } from "./testing/python.ts";

const KEY = "0123456789abcdef".repeat(2);
const OTHER = "f".repeat(32);
let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll quarantine "))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Runs lines of Python, in which `kept` is the quarantine and `file` a file of five bytes; what they print. */
function run(...lines: string[]): Promise<unknown> {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, "hello");
  const begin = ["import quarantine", "from quarantine import Quarantine", "folder, file = sys.argv[1:]"];
  return runInProgram("antivirus", [...begin, ...lines], [path.join(folder, "kept"), file]);
}

it("has a copy, under the name that it was given, and after its program has started again", async () => {
  expect(await run("kept = Quarantine(folder)", `[kept.keep(file, "${KEY}", "a b.txt"), kept.rows()]`)).toEqual([
    true,
    [{ key: KEY, cells: { key: KEY, bytes: 5 } }],
  ]);
  expect(fs.readFileSync(path.join(folder, "kept", KEY, "a b.txt"), "utf8")).toBe("hello");
  expect(await run("Quarantine(folder).rows()")).toHaveLength(1);
  expect(await run(`[Quarantine(folder).drop(["${KEY}", "../kept", 3]), Quarantine(folder).rows()]`)).toEqual([
    null,
    [],
  ]);
});

it("does not keep what it has no room for, twice under one key, or under a name that is none", async () => {
  const keep = (name: string, key = KEY): string => `kept.keep(file, ${JSON.stringify(key)}, ${JSON.stringify(name)})`;
  const bad = ["", ".", "..", "a/b", "a\0b"].map((name) => keep(name));
  expect(
    await run("kept = Quarantine(folder)", `[${[...bad, keep("a", "../a"), keep("a"), keep("a")].join()}]`),
  ).toEqual([...Array.from({ length: 6 }, () => false), ...[true, false]]);
  for (const limit of ["MOST_BYTES = 9", "MOST_FILES = 1", "LEAST_FREE = 2 ** 62"])
    expect(await run(`quarantine.${limit}`, "kept = Quarantine(folder)", `[${keep("a", OTHER)}, kept.rows()]`)).toEqual(
      [false, [{ key: KEY, cells: { key: KEY, bytes: 5 } }]],
    );
});

it("forgets what a sudden end has left in the middle", async () => {
  fs.mkdirSync(path.join(folder, "kept", `${KEY}.partial`), { recursive: true });
  fs.mkdirSync(path.join(folder, "kept", OTHER));
  expect(await run("Quarantine(folder).rows()")).toEqual([]);
  expect(fs.readdirSync(path.join(folder, "kept"))).toEqual([]);
});
