import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { settingFromText, settingProblem, type ServiceSetting, shownValue } from "#shared/model/service.ts";
import { serviceImage } from "../../images/builder/index.ts";
import { manifestJsonSchema, readManifest, recipeOf } from "./manifest.ts";

const EXAMPLE = fs.readFileSync(path.join(import.meta.dirname, "../../services/example/service.yaml"), "utf8");
type Fields = Record<string, unknown>;
const example = parse(EXAMPLE) as Fields;

function problemOf(change: Fields, without: readonly string[] = []): string {
  const fields = Object.entries({ ...example, ...change }).filter(([key]) => !without.includes(key));
  const read = readManifest(stringify(Object.fromEntries(fields)), "service.yaml");
  return read.ok ? "" : read.problem.reason;
}

const IN_SNAPSHOT = { command: "run", inSnapshot: true };
const number = { type: "number", title: "N", default: 1 };

/** A manifest with every field. */
const FULL: Fields = {
  ...example,
  image: {
    suite: "trixie",
    packages: ["python3"],
    excludes: ["/usr/share/doc/*"],
    includes: ["/usr/share/doc/a"],
    files: [{ path: "/etc/a", content: "a", mode: "0644" }],
    modules: ["nft_ct"],
    diskMiB: 1024,
  },
  startsFresh: true,
  keepsFiles: true,
  rights: { serves: ["work"], uplink: true, firewall: true, host: ["network-rules"] },
  settings: {
    text: { type: "text", title: "T", description: "D", default: "" },
    number: { type: "number", title: "N", description: "D", default: 2, min: 1, max: 3 },
    boolean: { type: "boolean", title: "B", default: true },
    choice: { type: "choice", title: "C", options: [{ value: "a", title: "A" }], default: "a" },
    list: { type: "list", title: "L", format: "domain", default: ["a"] },
    file: { type: "file", title: "F", default: "" },
  },
  events: ["found"],
  panels: [
    { kind: "table", title: "T", table: "counted", columns: [{ key: "words", title: "W", format: "number" }] },
    { kind: "chart", title: "C", table: "counted", value: "words" },
    { kind: "log", title: "L" },
    { kind: "rules", title: "R" },
  ],
  tests: [{ name: "a", input: 1, output: 1 }],
};

/** Of every field in it, lists and what is in them too; what a job is given and answers may be anything. */
function pathsOf(value: unknown, at: readonly string[] = []): string[] {
  const last = at.at(-1);
  if (last === "input" || last === "output") return [];
  const below = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [...(at.length === 0 ? [] : [at.join(".")]), ...below.flatMap(([key, one]) => pathsOf(one, [...at, key]))];
}

/** A list in the place of what is none, a number in that of a list. */
function withWrong(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return Array.isArray(value) ? 7 : [{ wrong: true }];
  const copy = structuredClone(value) as Fields;
  copy[key] = withWrong(copy[key], rest);
  return copy;
}

describe("a manifest", () => {
  it("is read with its defaults", () => {
    const minimal = { image: { from: "debian" }, program: { command: "run" } };
    const read = readManifest(
      stringify({ format: 1, name: "a", version: "0.1.0", description: "b", memory: 256, ...minimal }),
      "service.yaml",
    );
    expect(read).toMatchObject({
      ok: true,
      value: {
        icon: "gear",
        cpus: 1,
        program: { command: "run", user: "user" },
        rights: { serves: [], uplink: false, host: [] },
        settings: {},
        tables: [],
        panels: [],
        tests: [],
        health: { withinS: 120 },
      },
    });
  });

  it.each([
    [{ format: 2 }, "format: must be 1"],
    [{ name: "Bad Name" }, "name: not a valid name"],
    [{ version: 1 }, "version: "],
    [{ version: "1.0" }, "version: three numbers"],
    [{ description: "" }, "description: "],
    [{ icon: "skull" }, "icon: "],
    [{ image: { suite: "trixie" } }, "image: a recipe"],
    [{ image: { from: "debian", memoryMiB: 512 } }, "image.memoryMiB: there is no such field"],
    [
      { image: { suite: "trixie", diskMiB: 1024, modules: ["../x"] } },
      "image.modules.0: not the name of a kernel module",
    ],
    [{ memory: 1 }, "memory: a VM needs at least 128 MiB"],
    [{ cpus: 0 }, "cpus: "],
    [{ program: { command: "../run" } }, "program.command: the name of a file"],
    [{ program: { command: "run", user: "admin" } }, "program.user: "],
    [{ rights: { serves: ["service"] } }, "rights.serves.0: "],
    [{ rights: { camera: true } }, "rights.camera: there is no such field"],
    [{ rights: { host: ["files"] } }, "rights.host.0: "],
    [{ settings: { "Bad Key": number } }, "settings.Bad Key: "],
    [{ settings: { n: { ...number, type: "date" } } }, "settings.n.type: "],
    [{ settings: { n: { ...number, min: 2 } } }, "settings.n.default: must be a number, at least 2"],
    [{ settings: { n: { type: "list", title: "N", format: "mail" } } }, "settings.n.format: "],
    [{ settings: { n: { type: "text", title: "N", format: "address", default: "a" } } }, "must be an IP address"],
    [{ settings: { n: { ...number, format: "address" } } }, "settings.n.format: there is no such field"],
    [{ tables: ["Bad"] }, "tables.0: "],
    [{ events: ["Bad"] }, "events.0: "],
    [{ health: { withinS: 1 } }, "health.withinS: "],
    [
      { panels: [{ kind: "chart", title: "C", table: "none", value: "x" }] },
      'panels.0.table: there is no table "none"',
    ],
    [{ panels: [{ kind: "html", title: "C" }] }, "panels.0.kind: "],
    [{ tests: [{ name: "", input: 1, output: 1 }] }, "tests.0.name: "],
    [{ memroy: 256 }, "memroy: there is no such field"],
  ])("with %j is refused: %s", (change, reason) => {
    expect(problemOf(change)).toContain(reason);
  });

  it.each(["format", "name", "version", "description", "image", "memory", "program"])("needs %s", (field) => {
    expect(problemOf({}, [field])).not.toBe("");
  });

  it("has each of its fields in what is tried below", () => {
    const { properties = {} } = manifestJsonSchema() as { properties?: object };
    expect(Object.keys(properties).filter((field) => !(field in FULL))).toEqual([]);
  });

  it.each(pathsOf(FULL))("with a wrong %s is refused, which is named", (dotted) => {
    expect(readManifest(stringify(FULL), "service.yaml").ok).toBe(true);
    const read = readManifest(stringify(withWrong(FULL, dotted.split("."))), "service.yaml");
    const reason = read.ok ? "it is taken" : read.problem.reason;
    // The field, or what it is a part of.
    const [named = ""] = reason.split(": ");
    expect(`${dotted}.`.startsWith(`${named}.`), reason).toBe(true);
  });

  it.each([
    ["in quarantine without a disk for it", { tables: ["counted", "quarantine"] }, /^keepsFiles: must be true/],
    ["in a snapshot that is not made", { program: IN_SNAPSHOT }, /^startsFresh: must be true/],
    ...[{ uplink: true }, { firewall: true }, { serves: ["work"] }].map((rights) => [
      `in a snapshot with keys for what ${Object.keys(rights).join()} is for`,
      { program: IN_SNAPSHOT, startsFresh: true, rights },
      /^program.inSnapshot: is for a service without a network/,
    ]),
  ] as [string, Fields, RegExp][])("has nothing %s", (_, change, problem) => {
    expect(problemOf(change)).toMatch(problem);
  });

  it("may have its program in the snapshot, without a network", () => {
    expect(problemOf({ program: IN_SNAPSHOT, startsFresh: true })).toBe("");
  });

  it("says where it is wrong", () => {
    const read = readManifest(EXAMPLE.replace("memory: 256", "memory: none"), "/x/service.yaml");
    const line = EXAMPLE.split("\n").indexOf("memory: 256") + 1;
    expect(read).toMatchObject({ ok: false, problem: { file: "/x/service.yaml", line, column: 9 } });
  });

  it("has an image of its own name, or one that goes on from a template's", () => {
    const read = readManifest(EXAMPLE, "service.yaml");
    if (!read.ok) throw new Error(read.problem.reason);
    expect(recipeOf(read.value, null)).toMatchObject({ name: "example", suite: "trixie", memoryMiB: 256, cpus: 1 });
    const image = serviceImage.parse({ from: "debian", packages: ["jq"], modules: ["nft_ct"] });
    const from = recipeOf({ ...read.value, image }, null);
    expect(from.packages).toEqual(expect.arrayContaining(["foot", "jq"]));
    expect(from).toMatchObject({ name: "example", memoryMiB: 256, modules: ["nft_ct"] });
  });
});

it("the schema for editors is the one that is checked", () => {
  const file = path.join(import.meta.dirname, "../../services/service.schema.json");
  expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())));
});

describe("a setting", () => {
  const about = { title: "T", description: "" };
  const choice: ServiceSetting = { type: "choice", ...about, options: [{ value: "a", title: "A" }], default: "a" };
  it.each([
    [{ type: "text", ...about, default: "" }, "x", "x", null],
    [{ type: "text", ...about, default: "" }, "x".repeat(501), "x".repeat(501), "a text of at most 500 characters"],
    [{ type: "number", ...about, default: 1, max: 9 }, "7", 7, null],
    [{ type: "number", ...about, default: 1, max: 9 }, "10", 10, "a number, at most 9"],
    [{ type: "number", ...about, default: 1 }, "", "", "a number"],
    [{ type: "number", ...about, default: 1 }, "x", Number.NaN, "a number"],
    [{ type: "boolean", ...about, default: true }, "false", false, null],
    [{ type: "boolean", ...about, default: true }, "no", "no", "true or false"],
    [choice, "a", "a", null],
    [choice, "b", "b", "one of a"],
    [{ type: "list", ...about, default: [] }, " a, ,b", ["a", "b"], null],
    [{ type: "list", ...about, default: [] }, "", [], null],
    [{ type: "file", ...about, default: "" }, "[a]\n\tb", "[a]\n\tb", null],
    [{ type: "file", ...about, default: "" }, "a\u0000", "a\u0000", "the text of a file, at most 16 KiB"],
    [
      { type: "file", ...about, default: "" },
      "x".repeat(16 * 1024 + 1),
      "x".repeat(16 * 1024 + 1),
      "the text of a file, at most 16 KiB",
    ],
    [
      { type: "file", ...about, default: "" },
      "(kept)",
      "(kept)",
      "the text of a file, not what stands for the one that is kept",
    ],
  ] as [ServiceSetting, string, unknown, string | null][])("%j of %j is %j: %j", (setting, typed, value, problem) => {
    expect(settingFromText(setting, typed)).toEqual(value);
    expect(settingProblem(setting, value)).toBe(problem);
  });

  it("that is a file is never shown, but that there is one", () => {
    const setting: ServiceSetting = { type: "file", ...about, default: "" };
    expect(["", "secret"].map((value) => shownValue(setting, value))).toEqual(["", "(kept)"]);
    expect(shownValue({ ...setting, type: "text" }, "a")).toBe("a");
  });
});
