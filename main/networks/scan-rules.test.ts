import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ScanRules } from "./scan-rules.ts";

let config: string;
let rules: ScanRules;
let changes: number;

beforeEach(async () => {
  config = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-scan-rules-"));
  rules = new ScanRules(config);
  await rules.load();
  changes = 0;
  rules.on("changed", () => (changes += 1));
});

afterEach(() => fs.rmSync(config, { recursive: true, force: true }));

const write = (name: string, text: string): void => fs.writeFileSync(path.join(rules.folder, name), text);
const names = (): string[] => rules.files.map(({ file }) => file);

it("has Atoll's own, and a folder for those of the person", () => {
  expect(names()).toEqual(["atoll.rules"]);
  expect(rules.files[0]?.text).toContain("EICAR");
  expect(fs.readdirSync(rules.folder)).toEqual([]);
});

it("has what is in the folder, and tells of a change alone", async () => {
  write("b.rules", "two");
  write("a.rules", "one");
  write("notes.txt", "no rules");
  await rules.load();
  await rules.load();
  expect(names()).toEqual(["atoll.rules", "a.rules", "b.rules"]);
  expect(rules.files.slice(1).map(({ text }) => text)).toEqual(["one", "two"]);
  expect([changes, rules.problem]).toEqual([1, ""]);
});

it.each<[what: string, files: Record<string, string>, problem: string]>([
  ["too much", { "a.rules": "x".repeat(200 * 1024), "b.rules": "x".repeat(60 * 1024) }, "256 KiB"],
  ["too many", Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`${at}.rules`, ""])), "at most 16"],
  ["a name that is taken", { "atoll.rules": "" }, "Atoll's own"],
  ["a name with a blank", { "a b.rules": "" }, "letters, digits"],
  ["a name that is too long", { [`${"a".repeat(60)}.rules`]: "" }, "at most 64"],
])("keeps those before where there is %s, and says so", async (_, files, problem) => {
  write("good.rules", "good");
  await rules.load();
  for (const [name, text] of Object.entries(files)) write(name, text);
  await rules.load();
  expect(names()).toEqual(["atoll.rules", "good.rules"]);
  expect(rules.problem).toContain(problem);
  for (const name of Object.keys(files)) fs.rmSync(path.join(rules.folder, name));
  await rules.load();
  expect([rules.problem, changes]).toEqual(["", 3]);
});
