/** The parts of a service that are files, tables and words. */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_TABLE_ROWS, MAX_TO_PROGRAM_BYTES } from "#shared/model/service-messages.ts";
import { SERVED_ROLES, type ServiceRights } from "#shared/model/service.ts";
import { cleanText } from "#shared/model/text.ts";
import { fakeTimeouts } from "../../scripts/testing/fake-timeouts.ts";
import { builtIns } from "./built-ins.ts";
import { ServiceCatalog } from "./catalog.ts";
import { jobInput } from "./job-input.ts";
import { FOLDER_ORIGIN } from "./origin.ts";
import { excessOf, type ActualRights, rightsOf } from "./rights.ts";
import { newService } from "./scaffold.ts";
import { checkServiceFolder, programFiles } from "./service-folder.ts";
import { ServiceLog } from "./service-log.ts";
import { ServiceSettings } from "./service-settings.ts";
import { ServiceTables } from "./service-tables.ts";
import { contains, jobTests, rightsTests, type TriedRight } from "./service-tests.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function put(file: string, text: string, mode = 0o644): void {
  const to = path.join(folder, file);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, text, { mode });
}

describe("a new folder", () => {
  it("is valid, has its name, and is never written over another", async () => {
    await newService(folder, "words");
    const made = await checkServiceFolder(path.join(folder, "words"), null);
    expect([made.problems, made.manifest?.name]).toEqual([[], "words"]);
    expect(made.text).not.toContain("docs/services.md");
    expect(JSON.parse(fs.readFileSync(path.join(folder, "words/service.schema.json"), "utf8"))).toMatchObject({
      type: "object",
    });
    await expect(newService(folder, "words")).rejects.toMatchObject({ code: "file.write-failed" });
    await expect(newService(folder, "../x")).rejects.toMatchObject({ code: "vm.bad-name" });
  });
});

describe("a folder", () => {
  const manifest = (change = ""): string =>
    `format: 1\nname: a\nversion: "1.0.0"\ndescription: b\nimage: { from: debian }\nmemory: 256\nprogram: { command: run }\n${change}`;

  it("without a manifest, program or base says so, with the line", async () => {
    expect((await checkServiceFolder(folder, null)).problems).toMatchObject([{ line: 1, reason: /cannot be read/ }]);
    put("service.yaml", manifest());
    expect((await checkServiceFolder(folder, null)).problems).toMatchObject([
      { line: 7, reason: "program.command: there is no file program/run" },
    ]);
    put("program/run", "");
    expect((await checkServiceFolder(folder, null)).problems).toEqual([]);
    put("service.yaml", manifest().replace("debian", "nothing"));
    expect((await checkServiceFolder(folder, null)).problems).toMatchObject([
      { line: 5, reason: /no template 'nothing'/ },
    ]);
  });

  it("gives its files, the command's executable, without what editors leave", async () => {
    put("run", "1");
    put("lib/a.py", "2");
    put("tool", "3", 0o755);
    put(".swp", "");
    put("__pycache__/x.pyc", "");
    const files = await programFiles(folder, "run");
    expect(files.map(({ path: name, isExecutable }) => [name, isExecutable])).toEqual([
      ["lib/a.py", false],
      ["run", true],
      ["tool", true],
    ]);
  });

  it("with a link, or a name that is not plain, is refused", async () => {
    fs.symlinkSync("/etc/passwd", path.join(folder, "run"));
    await expect(programFiles(folder, "run")).rejects.toThrow(/neither a file nor a folder/);
    fs.rmSync(path.join(folder, "run"));
    put("a b", "");
    await expect(programFiles(folder, "run")).rejects.toThrow(/plain letters/);
  });
});

describe("the catalog", () => {
  const options = () => ({ builtIns: [], stateFolder: path.join(folder, "state"), recipesFolder: null });

  it("keeps a copy of what is installed, until it is removed", async () => {
    await newService(folder, "words");
    const catalog = new ServiceCatalog(options());
    await catalog.load();
    expect((await catalog.install(path.join(folder, "words"), FOLDER_ORIGIN)).manifest.name).toBe("words");
    fs.rmSync(path.join(folder, "words"), { recursive: true });
    const again = new ServiceCatalog(options());
    await again.load();
    expect(again.all.map(({ manifest }) => manifest.name)).toEqual(["words"]);
    const { program, files } = await again.start("words");
    expect(program).toEqual({ command: "count-words.py", isRoot: false, isInSnapshot: false });
    expect(files.map(({ path: name, isExecutable }) => [name, isExecutable])).toEqual([
      ["atoll_service.py", false],
      ["count-words.py", true],
    ]);
    await again.remove("words");
    expect(again.all).toEqual([]);
    expect(() => again.named("words")).toThrow(/no service "words"/);
    expect(fs.readdirSync(path.join(folder, "state/services"))).toEqual([]);
  });

  it("removes what an application has left that was killed while it installed one", async () => {
    const partial = `.words.${randomUUID()}`;
    put(`state/services/${partial}/service.yaml`, "format: 1");
    put("state/services/.mine/a", "");
    await new ServiceCatalog(options()).load();
    expect(fs.readdirSync(path.join(folder, "state/services"))).toEqual([".mine"]);
  });

  it("says what is wrong with an installed one whose name a built-in has, or another than its folder", async () => {
    await newService(folder, "words");
    const catalog = new ServiceCatalog(options());
    await catalog.load();
    const builtIn = { ...(await catalog.install(path.join(folder, "words"), FOLDER_ORIGIN)), origin: null };
    fs.cpSync(path.join(folder, "state/services/words"), path.join(folder, "state/services/other"), {
      recursive: true,
    });
    const next = new ServiceCatalog({ ...options(), builtIns: [builtIn] });
    await next.load();
    expect(next.all).toEqual([builtIn]);
    expect(next.problems.map(({ reason }) => reason)).toEqual([
      'its folder is "other"',
      '"words" comes with Atoll now: remove that folder, or install it by another name',
    ]);
  });

  it("leaves out what is broken, and takes nothing that is", async () => {
    put("state/services/bad/service.yaml", "format: 1");
    put("bad/service.yaml", "format: 1");
    const catalog = new ServiceCatalog(options());
    await catalog.load();
    expect([catalog.all, catalog.problems.length]).toEqual([[], 1]);
    await expect(catalog.install(path.join(folder, "bad"), FOLDER_ORIGIN)).rejects.toMatchObject({
      code: "service.bad-folder",
    });
  });
});

describe("settings", () => {
  const schemas = {
    longest: { type: "number", title: "L", description: "", default: 10, min: 1 },
    dns: { type: "list", title: "D", description: "", default: [] },
  } as const;
  const folders = () => ({ own: path.join(folder, "services"), lastGood: path.join(folder, "state/settings") });
  const settings = () => new ServiceSettings(folders(), "words", schemas as never);

  it("have their defaults, and keep what is written beside them", async () => {
    const one = settings();
    await one.load();
    expect(one.values).toEqual({ longest: 10, dns: [] });
    await one.set("words", { longest: 20 });
    const file = path.join(folder, "services/words.yaml");
    fs.writeFileSync(file, `# mine\n${fs.readFileSync(file, "utf8")}`);
    await one.set("words", { dns: ["a"] });
    expect(fs.readFileSync(file, "utf8")).toBe("# mine\nlongest: 20\ndns:\n  - a\n");
    const other = settings();
    await other.load();
    expect(other.values).toEqual({ longest: 20, dns: ["a"] });
    await other.remove();
    expect(fs.existsSync(file)).toBe(false);
  });

  it.each([
    [{ longest: 0 }, /"longest": a number, at least 1/],
    [{ longest: "x" }, /"longest": a number/],
    [{ other: 1 }, /"other": there is none; there are longest, dns/],
  ])("%j are refused", async (values, words) => {
    const one = settings();
    await expect(one.set("words", values)).rejects.toThrow(words);
    expect(fs.existsSync(path.join(folder, "services/words.yaml"))).toBe(false);
  });

  it("of the firewall that its program could do nothing with are refused, and so is a file that has them", async () => {
    const firewall = builtIns(() => "/nonexistent").find(({ manifest }) => manifest.name === "firewall");
    const one = new ServiceSettings(folders(), "firewall", firewall?.manifest.settings ?? {});
    for (const [values, words] of [
      [{ dns: ["dns.google"] }, 'Service "firewall", setting "dns": IP addresses without ports, as 9.9.9.9'],
      [{ dns: ["9.9.9.9:53"] }, 'which "9.9.9.9:53" is not.'],
      [{ ask: ["Web"] }, 'setting "ask": names of VMs'],
      [{ scan: ["@any"] }, 'setting "scan": names of VMs'],
      [{ privateAnswers: ["10.0.0.1"] }, 'setting "privateAnswers": names, as wiki.corp'],
    ] as const)
      await expect(one.set("firewall", values)).rejects.toThrow(words);
    await one.set("firewall", { dns: ["9.9.9.9", "2620:fe::fe"] });
    put("services/firewall.yaml", "dns: [quad9]\n");
    await one.load();
    expect([one.values["dns"], one.problem?.reason]).toEqual([
      ["9.9.9.9", "2620:fe::fe"],
      'dns: must be IP addresses without ports, as 9.9.9.9 or 2620:fe::fe, which "quad9" is not',
    ]);
  });

  it("of a broken file stay as they were, and nothing is written into it", async () => {
    const one = settings();
    await one.set("words", { longest: 20 });
    put("services/words.yaml", "longest: 0\n");
    await one.load();
    expect([one.values["longest"], one.problem]).toMatchObject([
      20,
      { line: 1, reason: "longest: must be a number, at least 1" },
    ]);
    await expect(one.set("words", { dns: [] })).rejects.toMatchObject({ code: "service.bad-setting" });
    expect(fs.readFileSync(path.join(folder, "services/words.yaml"), "utf8")).toBe("longest: 0\n");
  });

  it.each([
    ["is broken", () => put("services/words.yaml", "longest: 0\n")],
    [
      "cannot be read",
      () => {
        fs.rmSync(path.join(folder, "services/words.yaml"));
        fs.mkdirSync(path.join(folder, "services/words.yaml"));
      },
    ],
  ])("of a file that %s at the start are those that were last of use", async (_how, spoil) => {
    await settings().set("words", { longest: 20 });
    spoil();
    const later = settings();
    await later.load();
    expect([later.values["longest"], later.isKnown, later.problem?.line]).toEqual([20, true, 1]);
  });

  it("are not known where no file was ever of use", async () => {
    put("services/words.yaml", "longest: 0\n");
    const one = settings();
    await one.load();
    expect([one.isKnown, one.problem?.line]).toEqual([false, 1]);
    put("services/words.yaml", "longest: 7\n");
    await one.load();
    expect([one.isKnown, one.values["longest"]]).toEqual([true, 7]);
  });

  it.each([
    ["gone", () => fs.rmSync(path.join(folder, "services/words.yaml"))],
    ["empty", () => put("services/words.yaml", "")],
  ])("of a file that is %s stay until it has been so for a while", async (_how, remove) => {
    const timeoutIsSet = fakeTimeouts();
    await settings().set("words", { longest: 20 });
    // Also where the application begins just then.
    for (const one of [settings(), settings()]) {
      remove();
      const loaded = one.load();
      await timeoutIsSet(2_000);
      put("services/words.yaml", "longest: 30\n");
      vi.advanceTimersByTime(2_000);
      await loaded;
      expect(one.values["longest"]).toBe(30);
    }
    const one = settings();
    remove();
    const loaded = one.load();
    await timeoutIsSet(2_000);
    expect(one.values["longest"]).toBe(30);
    vi.advanceTimersByTime(2_000);
    await loaded;
    expect([one.values["longest"], one.isKnown]).toEqual([10, true]);
    // It was a choice: nothing of before comes back.
    put("services/words.yaml", "longest: 0\n");
    const later = settings();
    await later.load();
    expect(later.isKnown).toBe(false);
  });
});

describe("tables", () => {
  const rows = (...keys: string[]) => keys.map((key) => ({ key, cells: { key } }));
  const message: Parameters<ServiceTables["accept"]>[0] = {
    type: "rows",
    table: "t",
    reset: false,
    rows: [],
    removed: [],
  };

  it("replace by key, remove, begin anew, and take no table that the manifest does not name", () => {
    const tables = new ServiceTables(["t"]);
    expect(tables.accept({ ...message, table: "other" })).toBe(false);
    tables.accept({ ...message, rows: rows("a", "b") });
    tables.accept({ ...message, rows: [{ key: "a", cells: { n: 2 } }], removed: ["b"] });
    expect(tables.rows()).toEqual({ t: [{ n: 2 }] });
    tables.accept({ ...message, reset: true, rows: rows("c") });
    expect(tables.rows()).toEqual({ t: [{ key: "c" }] });
    tables.clear();
    expect(tables.rows()).toEqual({ t: [] });
  });

  it("are bounded: the oldest rows go", () => {
    const tables = new ServiceTables(["t"]);
    for (let at = 0; at < MAX_TABLE_ROWS + 3; at += 1) tables.accept({ ...message, rows: rows(String(at)) });
    expect(tables.rows()["t"]).toHaveLength(MAX_TABLE_ROWS);
    expect(tables.rows()["t"]?.[0]).toEqual({ key: "3" });
  });
});

it("the log keeps its last lines, cleaned", () => {
  const log = new ServiceLog(() => 7);
  log.add("program", "info", "a\u001b[31m\u202eb");
  expect(log.lines[0]?.text).toBe(cleanText("a\u001b[31m\u202eb"));
  expect(log.lines[0]?.text).not.toContain("\u202e");
  for (let at = 0; at < 600; at += 1) log.add("atoll", "info", String(at));
  expect([log.lines.length, log.lines.at(-1)]).toEqual([500, { timeMs: 7, level: "info", from: "atoll", text: "599" }]);
});

describe("rights", () => {
  const nothing = { serves: [], uplink: false, firewall: false, host: [] };
  const all = {
    serves: ["app", "work"] as const,
    uplink: true,
    firewall: true,
    host: ["network-rules", "scanned-files", "signatures", "gives-signatures", "documents"] as const,
  };
  const asked = { ...all, serves: [...all.serves], host: [...all.host] };

  it("are said in words, beside what its VM has", () => {
    expect(rightsOf(nothing, null).map(({ id, asked: is, has }) => [id, is, has])).toEqual([
      ["serves", false, null],
      ["uplink", false, null],
      ["firewall", false, null],
      ["network-rules", false, null],
      ["scanned-files", false, null],
      ["signatures", false, null],
      ["gives-signatures", false, null],
      ["documents", false, null],
    ]);
    expect(rightsOf(asked, asked)[0]).toEqual({
      id: "serves",
      words: "Sees the traffic of app VMs, work VMs whose network goes by it",
      asked: true,
      has: true,
    });
  });

  it.each([
    [nothing, nothing, []],
    [asked, asked, []],
    [asked, nothing, []],
    [
      nothing,
      asked,
      [
        "serves:app",
        "serves:work",
        "uplink",
        "firewall",
        "network-rules",
        "scanned-files",
        "signatures",
        "gives-signatures",
        "documents",
      ],
    ],
    [{ ...nothing, serves: ["app" as const] }, { ...nothing, serves: ["app", "vault"] }, ["serves:vault"]],
  ])("%j with %j has %j too much", (manifest, actual, excess) => {
    expect(excessOf(manifest, actual)).toEqual(excess);
  });

  it("that are not asked have a test each, which fails where its VM has them", () => {
    const isRefused = vi.fn<(right: TriedRight) => boolean>(() => true);
    const results = (manifest: ServiceRights, actual: ActualRights) =>
      rightsTests(manifest, actual, isRefused).map(({ name, ok, detail }) => [
        name.slice("not asked: ".length),
        ok,
        detail,
      ]);
    expect(results(nothing, nothing).map(([, ok]) => ok)).toEqual(Array<boolean>(11).fill(true));
    expect(isRefused.mock.calls.map(([right]) => right)).toEqual([
      ...["app", "vault", "work", "disposable"].map((role) => ({ kind: "role", role })),
      ...["network-rules", "scanned-files", "signatures", "gives-signatures", "documents"].map((right) => ({
        kind: "program",
        right,
      })),
    ]);
    expect(results(nothing, asked).flatMap(([name, ok]) => (ok === true ? [name] : []))).toEqual([
      "Sees the traffic of vaults whose network goes by it",
      "Sees the traffic of disposables whose network goes by it",
    ]);
    expect(results({ ...asked, serves: [...SERVED_ROLES] }, asked)).toEqual([]);
    isRefused.mockReturnValue(false);
    expect(
      results(
        {
          ...asked,
          serves: ["app", "work", "vault"],
          host: ["scanned-files", "signatures", "gives-signatures", "documents"],
        },
        nothing,
      ),
    ).toEqual([
      ["Sees the traffic of disposables whose network goes by it", false, "it is not refused"],
      ["Is told which connections each of these VMs may make", false, "it is not refused"],
    ]);
  });
});

describe("tests of jobs", () => {
  it("look for what they expect in the answer, and say what came instead", async () => {
    const tests = [
      { name: "good", input: 1, output: { n: 1 } },
      { name: "bad", input: 2, output: { n: 1 } },
      { name: "fails", input: 3, output: {} },
    ];
    const results = await jobTests({ tests }, async (input) => {
      if (input === 3) throw new Error("no");
      return { n: input, more: true };
    });
    expect(results).toEqual([
      { name: "good", ok: true, detail: "" },
      { name: "bad", ok: false, detail: 'it answered {"n":2,"more":true}' },
      { name: "fails", ok: false, detail: "no" },
    ]);
  });

  it.each([
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, {}] } }, true],
    [[1, 2], [1], false],
    [null, {}, false],
    [[], {}, false],
    [{}, null, false],
    ["a", "a", true],
  ])("%j contains %j: %j", (actual, expected, is) => {
    expect(contains(actual, expected)).toBe(is);
  });
});

describe("a job's file", () => {
  it("is its JSON, or its name and bytes", () => {
    expect(jobInput("a.json", Buffer.from('{"a":1}'))).toEqual({ a: 1 });
    expect(jobInput("a.txt", Buffer.from("hi"))).toEqual({ name: "a.txt", base64: "aGk=" });
    expect(() => jobInput("a.json", Buffer.from("{"))).toThrow(/not JSON/);
    expect(() => jobInput("a.txt", new Uint8Array(MAX_TO_PROGRAM_BYTES))).toThrow(/at most/);
  });
});
