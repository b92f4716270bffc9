// Mutants of TypeScript by StrykerJS, with vitest.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../setup/paths.mjs";
import { runTool } from "../testing/tool.mjs";

const KILLED = new Set(["Killed", "Timeout"]);
const SURVIVED = new Set(["Survived", "NoCoverage"]);

/**
 * @param {import("./pieces.mjs").Piece} piece
 * @param {{ folder: string, concurrency: number, signal: AbortSignal, limitMs: number }} options
 * @returns {Promise<import("./mutant.mjs").Mutant[] | undefined>} undefined: it did not come to an end
 */
export async function strykerMutants({ mutate, tests }, { folder, concurrency, signal, limitMs }) {
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

/** @param {string} report */
function mutantsOf(report) {
  /** @type {{ files: Record<string, { source: string, mutants: { status: string, replacement?: string, location: { start: { line: number } } }[] }> }} */
  const { files } = JSON.parse(report);
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants
      .filter(({ status }) => KILLED.has(status) || SURVIVED.has(status))
      .map(({ status, replacement = "", location: { start } }) => ({
        file,
        row: start.line,
        line: lines[start.line - 1] ?? "",
        replacement,
        isKilled: KILLED.has(status),
      }));
  });
}
