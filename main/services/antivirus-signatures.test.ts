/** What the antivirus takes for signatures: services/antivirus/program/signature_sets.py, as its program uses it. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runInProgram } from "./testing/python.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll signatures "));
  fs.mkdirSync(path.join(folder, "shipped"));
  fs.writeFileSync(path.join(folder, "shipped/atoll.ndb"), "# a comment\nA:0:*:4142\n");
  fs.writeFileSync(path.join(folder, "shipped/made"), "1000");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Runs lines of Python, with `sets` and the word `own`; what the last of them comes to. */
function run(own: string, ...lines: string[]): Promise<unknown> {
  const begin = [
    "from scanner import signature_set, Unusable",
    "from signature_sets import SignatureSets, sorted_lines",
    "folder, own = sys.argv[1:]",
    'sets = SignatureSets(folder + "/shipped", folder + "/read", folder + "/given")',
  ];
  return runInProgram("antivirus", [...begin, ...lines], [folder, own]);
}

const taken = ['sets.take("key", own, None)'];
const refused = ["try: sets.take('key', own, fetched)", "except Unusable as problem: said = str(problem)", "said"];

it("reads what comes with it, and a person's lines by their kind", async () => {
  const [name, count, made] = (await run("", 'signature_set(folder + "/read")')) as unknown[];
  expect([count, made]).toEqual([1, 1000]);
  const [hash32, hash64] = ["0".repeat(32), "f".repeat(64)];
  const own = [
    "# mine",
    "",
    "A.B:0:*:41??42{1-5}43",
    `${hash32}:5:N`,
    `${hash64}:*:N:73`,
    "L;Engine:81-255,Target:0;0;41",
  ];
  expect(await run(own.join("\r\n"), "sorted_lines(own)")).toEqual({
    ndb: [own[2]],
    hdb: [own[3]],
    hsb: [own[4]],
    ldb: [own[5]],
  });
  const [other, more] = (await run(own.join("\n"), ...taken, 'signature_set(folder + "/read")')) as unknown[];
  expect([more, other === name]).toEqual([5, false]);
  expect(fs.readdirSync(path.join(folder, "read")).toSorted()).toEqual([
    "atoll.ndb",
    "made",
    "own.hdb",
    "own.hsb",
    "own.ldb",
    "own.ndb",
  ]);
});

it("knows them by their key when it starts again", async () => {
  expect(await run("A.B:0:*:4142", "sets.key")).toBe("");
  expect(await run("A.B:0:*:4142", ...taken, "sets.key")).toBe("key");
  expect(await run("", "[sets.key, signature_set(folder + '/read')[1]]")).toEqual(["key", 2]);
});

it.each(["hello", "A.B:0:*:xyz", "A B:0:*:4142", "0123:5:N", "../../x"])("refuses %s, by its line", async (line) => {
  expect(await run(`# mine\n${line}`, "fetched = None", ...refused)).toBe("line 2 of the file is no signature");
  expect(await run("", "sets.key")).toBe("");
});

it("takes databases that are signed, which say themselves how many and how old they are, and no others", async () => {
  const fetched = path.join(folder, "fetched");
  fs.mkdirSync(fetched);
  const head = "ClamAV-VDB:22 Jun 2021 21-34 -0400:6:14:81:0:0:who:1624412045";
  fs.writeFileSync(path.join(fetched, "daily.cvd"), `${head.padEnd(512)}${"\n".repeat(99)}`);
  const take = [
    'fetched = folder + "/fetched"',
    'sets.take("key", own, fetched)',
    'signature_set(folder + "/read")[1:]',
  ];
  expect(await run("A.B:0:*:4142", ...take)).toEqual([16, 1_624_412_045]);
  // They are the set's now.
  expect(fs.existsSync(fetched)).toBe(false);
  fs.mkdirSync(fetched);
  fs.writeFileSync(path.join(fetched, "daily.ndb"), "A:0:*:4142");
  expect(await run("", 'fetched = folder + "/fetched"', ...refused)).toBe("daily.ndb is no database that is signed");
});

it("says that it reads those that it was given where it goes on from a memory without them", async () => {
  const begin = (key: string): string[] => [
    "import antivirus",
    "said = []",
    "engine = antivirus.ClamAV.__new__(antivirus.ClamAV)",
    'engine.loaded, engine.sets = "", type("Sets", (), {})()',
    `engine.sets.key, engine.sets.link = "${key}", lambda: said.append("link")`,
    'engine.end, engine.start = lambda: said.append("end"), lambda: said.append("start")',
    'atoll = type("Atoll", (), {"say": lambda self, kind, **fields: said.append([kind, fields["state"], fields["detail"]])})()',
    "engine.go_on(atoll)",
    "said",
  ];
  const starting = ["health", "starting", "it reads the signatures that it was given"];
  expect(await run("", ...begin("key"))).toEqual([starting, "end", "link", "start"]);
  expect(await run("", ...begin(""))).toEqual([]);
});
