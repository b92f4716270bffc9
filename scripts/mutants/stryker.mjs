// Mutants of TypeScript by StrykerJS, with vitest.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../setup/paths.mjs";
import { runTool } from "../testing/tool.mjs";

const KILLED = new Set(["Killed", "Timeout"]);
const SURVIVED = new Set(["Survived", "NoCoverage"]);
const IGNORED = "Ignored";

/**
 * @typedef {object} Options
 * @property {string} folder
 * @property {number} concurrency
 * @property {AbortSignal} signal
 * @property {number} limitMs of each of its runs
 *
 * @typedef {{ line: number, column: number }} Place 1..
 * @typedef {{ start: Place, end: Place }} Range
 * @typedef {import("./mutant.mjs").Mutant & { range: Range, isIgnored: boolean }} Ranged isIgnored: it runs once, when its file is
 *   loaded
 */

/**
 * @param {import("./pieces.mjs").Piece} piece
 * @param {Options} options
 * @returns {Promise<import("./mutant.mjs").Mutant[] | undefined>} undefined: it did not come to an end
 */
export async function strykerMutants({ mutate, tests }, options) {
  const [first = [], ...rest] = tests;
  let mutants = (await tried(mutate, first, options))?.filter(({ isIgnored }) => !isIgnored);
  for (const more of rest) {
    const survivors = mutants?.filter(({ isKilled }) => !isKilled) ?? [];
    if (mutants === undefined || survivors.length === 0) return mutants;
    console.log(
      `${survivors.length} of ${mutants.length} have survived ${first.join(" ")}: now with ${more.join(" ")}`,
    );
    const places = new Set(
      survivors.map(({ file, range: { start, end } }) => `${file}:${textOf(start)}-${textOf(end)}`),
    );
    const again = await tried([...places], more, options);
    if (again === undefined) return undefined;
    const killed = new Set(again.filter(({ isKilled }) => isKilled).map(nameOf));
    // The tests before may not have loaded their file.
    const ignored = new Set(again.filter(({ isIgnored }) => isIgnored).map(nameOf));
    mutants = mutants
      .filter((mutant) => !ignored.has(nameOf(mutant)))
      .map((mutant) => ({ ...mutant, isKilled: mutant.isKilled || killed.has(nameOf(mutant)) }));
  }
  return mutants;
}

/** @param {Ranged} mutant */
function nameOf({ file, range: { start, end }, replacement }) {
  return [file, textOf(start), textOf(end), replacement].join(" ");
}

/** As `mutate` takes it: lines from 1, columns from 0. @param {Place} place */
function textOf({ line, column }) {
  return `${line}:${column - 1}`;
}

/**
 * @param {string[]} mutate
 * @param {string[]} tests
 * @param {Options} options
 * @returns {Promise<Ranged[] | undefined>} undefined: it did not come to an end
 */
async function tried(mutate, tests, { folder, concurrency, signal, limitMs }) {
  await mkdir(folder, { recursive: true });
  const report = join(folder, "report.json");
  await rm(report, { force: true });
  const config = {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "scripts/mutants/vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    mutate,
    // Words are not checked one by one, and what runs once when a file is loaded would need all tests for each mutant.
    mutator: { excludedMutations: ["StringLiteral"] },
    ignoreStatic: true,
    // There is no JavaScript API of TypeScript 7 that it could read these with.
    tsconfigFile: "none",
    disableTypeChecks: false,
    // Tests that wait for nobody are as slow as the machine: what never ends is noticed by counting how often its code is reached.
    timeoutMS: 20_000,
    concurrency,
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    tempDirName: join(folder, "sandbox"),
    ignorePatterns: ["/agents", "/dist", "/docs", "/out", "/test-results", "/.cache"],
  };
  const file = join(folder, "stryker.json");
  await writeFile(file, JSON.stringify(config, null, 2));
  const { ok } = await runTool(join(checkout, "node_modules/.bin/stryker"), ["run", file], {
    signal,
    limitMs,
    // A tenth of the tries of each property, so that one mutant does not take a minute.
    env: { ATOLL_MUTANTS_TESTS: tests.join(","), ATOLL_FUZZ_FACTOR: "0.1" },
  });
  return ok ? mutantsOf(await readFile(report, "utf8")) : undefined;
}

/**
 * @param {string} report
 * @returns {Ranged[]}
 */
function mutantsOf(report) {
  /** @type {{ files: Record<string, { source: string, mutants: { status: string, replacement?: string, location: Range, testsCompleted?: number }[] }> }} */
  const { files } = JSON.parse(report);
  const isUntried = Object.values(files).some(({ mutants }) =>
    mutants.some(({ status, testsCompleted }) => status === "Survived" && testsCompleted === 0),
  );
  if (isUntried) throw new Error(`no test was run for a mutant: its worker has gone wrong`);
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants
      .filter(({ status }) => KILLED.has(status) || SURVIVED.has(status) || status === IGNORED)
      .map(({ status, replacement = "", location: range }) => ({
        file,
        range,
        row: range.start.line,
        line: lines[range.start.line - 1] ?? "",
        replacement,
        isKilled: KILLED.has(status),
        isIgnored: status === IGNORED,
      }));
  });
}
