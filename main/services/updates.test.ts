/** Another version of a service: tried beside the old one, put in its place, and gone back from. VMs are scripted, files are real. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { ServiceCatalog } from "./catalog.ts";
import type { NextUnits } from "./next-units.ts";
import type { Origin } from "./origin.ts";
import type { TestResult } from "./service-tests.ts";
import type { ServiceUnit } from "./service-unit.ts";
import { WORDS } from "./testing/words-manifest.ts";
import { carried, Updates } from "./updates.ts";

const SETTINGS = `settings:
  longest: { type: number, title: Longest, default: 10, max: 100 }
  language: { type: text, title: Language }
`;
const INDEX: Origin = { index: "shop", key: null };

let home: string;
let catalog: ServiceCatalog;
let done: string[];
/** What goes wrong: of the trial, and of what is in its place. */
let isTrialWell: boolean;
let isPlacedWell: boolean;
let isWanted: boolean;
let kept: number;
/** By somebody else. */
let isOtherTried: boolean;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-updates-"));
  [done, isTrialWell, isPlacedWell, isWanted, kept] = [[], true, true, true, 0];
  isOtherTried = false;
  catalog = await loaded();
  await catalog.install(folder("1.0.0", SETTINGS), INDEX);
  fs.mkdirSync(path.join(home, "config"));
});
afterEach(() => fs.rmSync(home, { recursive: true }));

async function loaded(): Promise<ServiceCatalog> {
  const made = new ServiceCatalog({ builtIns: [], stateFolder: path.join(home, "state"), recipesFolder: null });
  await made.load();
  return made;
}

function folder(version: string, settings: string): string {
  const made = path.join(home, version);
  fs.mkdirSync(path.join(made, "program"), { recursive: true });
  fs.writeFileSync(path.join(made, "service.yaml"), WORDS.replace("1.0.0", version) + settings);
  fs.writeFileSync(path.join(made, "program/run"), version, { mode: 0o755 });
  return made;
}

const settingsFile = (): string => path.join(home, "config/words.yaml");
const settings = (): string => (fs.existsSync(settingsFile()) ? fs.readFileSync(settingsFile(), "utf8") : "");
const installed = (): string => fs.readFileSync(path.join(home, "state/services/words/program/run"), "utf8");

function unit(what: string, isWell: () => boolean): ServiceUnit {
  const scripted = {
    get isWanted() {
      return isWanted;
    },
    manifest: { name: "words" },
    start: () => {
      done.push(`start ${what}`);
      return isWell() ? Promise.resolve() : Promise.reject(new AppError("internal", "it ends at once."));
    },
  };
  return scripted as unknown as ServiceUnit;
}

interface Scripted {
  test?: () => TestResult[];
}

function updates({ test }: Scripted = {}): Updates {
  const next = {
    refuseBusy: () => {
      if (isOtherTried) throw new AppError("service.busy", "Another is tried.");
    },
    make: () => {
      const trial = catalog.trialOf("words");
      const text = fs.readFileSync(path.join(trial?.settingsFolder ?? "", "words.yaml"), "utf8");
      done.push(`trial of ${trial?.service.manifest.version} with ${JSON.stringify(text)} beside ${installed()}`);
      return Promise.resolve(unit("trial", () => isTrialWell));
    },
    drop: () => Promise.resolve(void done.push("drop trial")),
  } as unknown as NextUnits;
  return new Updates({
    ...{ catalog, next, stateFolder: path.join(home, "state"), settingsFolder: path.join(home, "config") },
    unit: () => unit(installed(), () => isPlacedWell || installed() === "1.0.0"),
    test: () => Promise.resolve(test?.() ?? [{ name: "counts", ok: true, detail: "" }]),
    replace: async (_name, change) => void (await change()),
    quarantined: () => kept,
    changed: () => undefined,
  });
}

const put = (version = "1.1.0", given = SETTINGS, isTried = true, by = updates()): Promise<void> =>
  by.put("words", folder(version, given), { origin: INDEX, isTried });

const left = (): string[] => fs.readdirSync(path.join(home, "state")).filter((name) => name.startsWith("."));

describe("an update", () => {
  it("does not drop what somebody else tries", async () => {
    isOtherTried = true;
    await expect(put()).rejects.toMatchObject({ code: "service.update-failed" });
    expect([done, installed(), catalog.trialOf("words"), left()]).toEqual([[], "1.0.0", undefined, []]);
  });

  it("is tried beside the old one with its settings, put in its place, and gone back from, settings included", async () => {
    fs.writeFileSync(settingsFile(), "# mine\nlanguage: de\nlongest: 50\n");
    const lower = SETTINGS.replace("max: 100", "max: 20");
    await put("1.1.0", lower);
    expect(done).toEqual([
      `trial of 1.1.0 with ${JSON.stringify("# mine\nlanguage: de\n")} beside 1.0.0`,
      "start trial",
      "drop trial",
      "start 1.1.0",
    ]);
    expect([installed(), settings(), catalog.versionBefore("words")]).toEqual([
      "1.1.0",
      "# mine\nlanguage: de\n",
      "1.0.0",
    ]);
    expect((await loaded()).versionBefore("words")).toBe("1.0.0");
    fs.writeFileSync(settingsFile(), "longest: 7\n");
    await updates().back("words");
    expect([installed(), settings(), catalog.versionBefore("words")]).toEqual([
      "1.0.0",
      "# mine\nlanguage: de\nlongest: 50\n",
      null,
    ]);
    expect(catalog.named("words")).toMatchObject({ manifest: { version: "1.0.0" }, origin: INDEX });
    expect(left()).toEqual([]);
    await expect(updates().back("words")).rejects.toMatchObject({ code: "service.no-version-before" });
  });

  it.each([
    ["is not healthy", (): void => void (isTrialWell = false), undefined, /it ends at once. 1.0.0 goes on/],
    [
      "fails a test",
      (): void => undefined,
      (): TestResult[] => [{ name: "counts", ok: false, detail: "it answered 3" }],
      /counts: it answered 3/,
    ],
  ] as const)("that %s is dropped, and nothing is changed", async (_what, spoil, test, why) => {
    fs.writeFileSync(settingsFile(), "longest: 50\n");
    spoil();
    const trying = put("1.1.0", SETTINGS, true, updates(test === undefined ? {} : { test }));
    await expect(trying).rejects.toMatchObject({
      code: "service.update-failed",
      message: expect.stringMatching(why) as string,
    });
    expect(done.slice(1)).toEqual(["start trial", "drop trial"]);
    expect([installed(), settings(), catalog.versionBefore("words")]).toEqual(["1.0.0", "longest: 50\n", null]);
    expect([catalog.trialOf("words"), left()]).toEqual([undefined, []]);
  });

  it("that is well beside the old one, and not in its place, is taken back by itself", async () => {
    fs.writeFileSync(settingsFile(), "longest: 50\n");
    isPlacedWell = false;
    await expect(put()).rejects.toMatchObject({
      code: "service.update-failed",
      message: expect.stringMatching(/1.0.0 is back/) as string,
    });
    expect(done.slice(2)).toEqual(["drop trial", "start 1.1.0", "start 1.0.0"]);
    expect([installed(), settings()]).toEqual(["1.0.0", "longest: 50\n"]);
  });

  it("of one that does not run is tried, and not started", async () => {
    isWanted = false;
    await put();
    expect(done.slice(1)).toEqual(["start trial", "drop trial"]);
    expect(installed()).toBe("1.1.0");
  });

  it("of a developer's folder is put in place at once", async () => {
    await put("1.0.1", SETTINGS, false);
    expect([done, installed()]).toEqual([["start 1.0.1"], "1.0.1"]);
  });

  it("is one at a time, and none that has no disk for what is in quarantine", async () => {
    const both = updates();
    const first = put("1.1.0", SETTINGS, true, both);
    expect(both.isBusy("words")).toBe(true);
    await expect(put("1.2.0", SETTINGS, true, both)).rejects.toMatchObject({ code: "service.busy" });
    await first;
    expect(both.isBusy("words")).toBe(false);
    kept = 2;
    await expect(put("1.2.0")).rejects.toMatchObject({
      code: "service.busy",
      message: expect.stringMatching(/2 files in quarantine/) as string,
    });
    await expect(updates().back("words")).rejects.toMatchObject({ code: "service.busy" });
    expect(installed()).toBe("1.1.0");
  });

  it("in which the application was killed leaves the version that was there", async () => {
    await put();
    fs.rmSync(path.join(home, "state/services/words"), { recursive: true });
    const again = await loaded();
    expect([again.named("words").manifest.version, again.versionBefore("words")]).toEqual(["1.0.0", null]);
  });
});

it("carries over what the other version can have, with comments, and leaves a file that it cannot read", () => {
  const longest = { longest: { type: "number", title: "Longest", description: "", default: 1, max: 20 } } as const;
  expect(carried("# mine\nlongest: 5\n", longest)).toBe("# mine\nlongest: 5\n");
  expect(carried("# mine\nlongest: 50 # much\nother: a\n", longest)).not.toMatch(/longest|other/);
  expect(carried("", longest)).toBe("");
  expect(carried("a: [", longest)).toBe("a: [");
});
