import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenChange } from "#shared/ipc/open.ts";
import { DEFAULT_OPEN_RULES } from "./default-rules.ts";
import { OpenRules } from "./open-rules.ts";

const OWN = `# my own rules
rules:
  # pictures
  - type: image # of all kinds
    from: home
    in: web

  - type: "@any"
    from: "@any"
    in: here
`;

let folder: string;
let rules: OpenRules;
const folders = () => ({ config: folder, state: path.join(folder, "state") });
const file = (): string => path.join(folder, "open.yaml");
const text = (): string => fs.readFileSync(file(), "utf8");

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-open-"));
  rules = new OpenRules(folders());
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it("the file is written at the first start, and left alone from then on", async () => {
  await rules.open();
  expect(text()).toBe(DEFAULT_OPEN_RULES);
  expect(rules.problem).toBeNull();
  fs.writeFileSync(file(), OWN);
  await rules.open();
  expect(text()).toBe(OWN);
  expect(rules.current).toHaveLength(2);
});

it("a mistake is told with its place, and the rules before it stay in force", async () => {
  fs.writeFileSync(file(), OWN);
  await rules.open();
  fs.writeFileSync(file(), OWN.replace("in: web", "in: WEB"));
  await rules.load();
  expect(rules.problem).toMatchObject({ line: 6, reason: expect.stringContaining('"WEB"') as string });
  expect(rules.current).toHaveLength(2);
  fs.writeFileSync(file(), OWN);
  await rules.load();
  expect(rules.problem).toBeNull();
});

it("a mistake leaves the rules before it in force after a new start, too", async () => {
  fs.writeFileSync(file(), OWN);
  await rules.open();
  fs.writeFileSync(file(), OWN.replace("in: web", "in: WEB"));
  const next = new OpenRules(folders());
  await next.open();
  expect(next.problem).toMatchObject({ line: 6 });
  expect(next.current).toEqual(rules.current);
});

it("a first start with a mistake goes by the shipped rules", async () => {
  fs.writeFileSync(file(), "rules: 1");
  await rules.open();
  expect(rules.problem).not.toBeNull();
  expect(rules.current.length).toBeGreaterThan(3);
});

it("an edit counts by itself", async () => {
  fs.writeFileSync(file(), OWN);
  await rules.open();
  const seen = new Promise<void>((resolve) => void rules.watch(resolve));
  fs.writeFileSync(file(), "rules: []\n");
  await seen;
  expect(rules.current).toEqual([]);
});

describe("changes of the settings", () => {
  beforeEach(async () => {
    fs.writeFileSync(file(), OWN);
    await rules.open();
  });
  const set = (group: "image" | "text", from: string, place: string, at: number, edit = false): Promise<OpenChange> =>
    rules.set({ group, from, in: place, edit }, rules.current[at] ?? null);

  it("the cell's own rule is changed in its place, comments and all else stay", async () => {
    const change = await set("image", "home", "disposable", 0, true);
    expect(change.rule).toEqual({ line: 3, text: "type: image, from: home, in: disposable, edit: true" });
    for (const kept of ["# my own rules\n", "  # pictures\n", '  - type: "@any"\n']) expect(text()).toContain(kept);
    expect(rules.current).toHaveLength(2);
  });

  it("another rule gets a new one before it", async () => {
    await set("text", "home", "web", 1);
    expect(rules.current.map((rule) => rule.text)).toEqual([
      "type: image, from: home, in: web",
      "type: text, from: home, in: web",
      "type: @any, from: @any, in: here",
    ]);
    expect(text()).toContain("  - type: image # of all kinds\n");
  });

  it("where none decides it comes last", async () => {
    await rules.set({ group: "text", from: "@host", in: "ask", edit: false }, null);
    expect(rules.current.at(-1)?.text).toBe("type: text, from: @host, in: ask");
  });

  it("is undone to the letter, once, and not where it was edited since", async () => {
    const { change } = await set("text", "home", "web", 1);
    await rules.undo(change);
    expect(text()).toBe(OWN);
    await expect(rules.undo(change)).rejects.toMatchObject({ code: "open.changed" });
    const again = await set("text", "home", "web", 1);
    fs.appendFileSync(file(), "# mine\n");
    await expect(rules.undo(again.change)).rejects.toMatchObject({ code: "open.changed" });
    expect(text()).toContain("# mine");
  });

  it("a rule is taken back by its line and words alone", async () => {
    const { rule } = await set("text", "home", "web", 1);
    await expect(rules.takeBack({ line: rule?.line ?? 0, text: "other" })).rejects.toMatchObject({
      code: "open.changed",
    });
    await rules.takeBack(rule ?? expect.unreachable());
    expect(text()).toBe(OWN);
  });

  it.each([
    ["image", "@host", "here"],
    ["text", "home", "No VM"],
  ] as const)("what does not hold is not written: %s from %s in %s", async (group, from, place) => {
    await expect(set(group, from, place, 1)).rejects.toMatchObject({ code: "open.bad-rule" });
    expect(text()).toBe(OWN);
  });

  it("whoever shows the rules is told of each change", async () => {
    const told: (OpenChange | null)[] = [];
    rules.on("changed", (written) => told.push(written));
    const change = await set("text", "home", "web", 1);
    await rules.undo(change.change);
    expect(told).toEqual([change, null]);
  });
});
