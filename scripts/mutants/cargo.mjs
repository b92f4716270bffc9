// Mutants of the agent's side of the wire, by cargo-mutants, which is installed where it is missing.
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../setup/paths.mjs";
import { rustEnvironment } from "../setup/rust.mjs";
import { runTool } from "../testing/tool.mjs";

const INSTALL_LIMIT_MS = 30 * 60_000;

/**
 * @param {{ folder: string, signal: AbortSignal, limitMs: number }} options
 * @returns {Promise<import("./mutant.mjs").Mutant[] | undefined>} undefined: it did not come to an end
 */
export async function cargoMutants({ folder, signal, limitMs }) {
  const env = { ...(await rustEnvironment()), CARGO_TARGET_DIR: join(folder, "target") };
  const isThere = await runTool("cargo", ["mutants", "--version"], { env, signal, limitMs: 60_000, capture: true });
  if (!isThere.ok) {
    const installed = await runTool("cargo", ["install", "cargo-mutants", "--locked"], {
      env,
      signal,
      limitMs: INSTALL_LIMIT_MS,
    });
    if (!installed.ok) return undefined;
  }
  // Its own copy would be of the workspace alone, and the tests read golden vectors beside that.
  const copy = join(folder, "copy");
  await rm(copy, { recursive: true, force: true });
  await mkdir(copy, { recursive: true });
  for (const name of ["agents", "shared"]) await cp(join(checkout, name), join(copy, name), { recursive: true });
  await runTool(
    "cargo",
    [
      "mutants",
      "--in-place",
      // Examples would be built for each mutant, too.
      "--cargo-arg=--tests",
      "--package",
      "atoll-wire",
      "--exclude",
      "**/gen.rs",
      "--output",
      folder,
      "--no-shuffle",
      "--timeout",
      "60",
    ],
    { cwd: join(copy, "agents"), env, signal, limitMs },
  );
  return mutantsOf(await readFile(join(folder, "mutants.out/outcomes.json"), "utf8"));
}

/** @param {string} report */
function mutantsOf(report) {
  /** @type {{ outcomes: { summary: string, scenario: "Baseline" | { Mutant: { file: string, name: string, replacement: string, span: { start: { line: number } } } } }[] }} */
  const { outcomes } = JSON.parse(report);
  return outcomes.flatMap(({ summary, scenario }) => {
    if (scenario === "Baseline" || summary === "Unviable") return [];
    const { file, name, replacement, span } = scenario.Mutant;
    return [
      {
        file: join("agents", file),
        row: span.start.line,
        line: name.replace(/^\S+ /, ""),
        replacement,
        isKilled: summary !== "MissedMutant",
      },
    ];
  });
}
