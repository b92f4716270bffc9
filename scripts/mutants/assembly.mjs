// Mutants of the decoders' AssemblyScript: StrykerJS reads decorators of classes only. One change of a comparison, a bound or
// a way out at a time, in a copy; then it is compiled and tested.
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "../setup/paths.mjs";
import { runTool } from "../testing/tool.mjs";

const MUTANT_LIMIT_MS = 120_000;
const DECODERS = "renderer/compositor/decoders";

/** @type {readonly (readonly [RegExp, string])[]} */
const CHANGES = [
  [/ >= /g, " > "],
  [/ <= /g, " < "],
  [/ > /g, " >= "],
  [/ < /g, " <= "],
  [/ == /g, " != "],
  [/ \|\| /g, " && "],
  [/ - /g, " + "],
  [/ \+ (?!=)/g, " - "],
  [/\b(?:4|8|15|16|19|255)\b/g, "7"],
  [/\bif \(.*\) return (?:false|0);/g, ""],
];

/**
 * @param {string} source
 * @returns {{ row: number, line: string, replacement: string }[]}
 */
function changesOf(source) {
  return source.split("\n").flatMap((line, at) => {
    if (/^\s*(?:\/[/*]|\*|@)/.test(line) || line.includes("shuffle")) return [];
    return CHANGES.flatMap(([what, by]) =>
      [...line.matchAll(what)].map(({ index, 0: found }) => ({
        row: at + 1,
        line,
        replacement: line.slice(0, index) + by + line.slice(index + found.length),
      })),
    );
  });
}

/**
 * @param {import("./pieces.mjs").Piece} piece
 * @param {{ folder: string, signal: AbortSignal }} options
 * @returns {Promise<import("./mutant.mjs").Mutant[]>}
 */
export async function assemblyMutants({ mutate, tests }, { folder, signal }) {
  const copy = join(folder, "copy");
  await rm(copy, { recursive: true, force: true });
  await mkdir(join(copy, DECODERS), { recursive: true });
  for (const name of ["package.json", "tsconfig.base.json", "shared", "scripts", DECODERS])
    await cp(join(checkout, name), join(copy, name), { recursive: true });
  await symlink(join(checkout, "node_modules"), join(copy, "node_modules"));
  const options = { cwd: copy, signal, limitMs: MUTANT_LIMIT_MS, capture: true };
  const isSound = async () => {
    const build = await runTool(process.execPath, [join(copy, "scripts/build-wasm.mjs")], options);
    if (!build.ok) return undefined;
    const vitest = join(copy, "node_modules/vitest/vitest.mjs");
    const run = await runTool(
      process.execPath,
      [vitest, "run", "--bail=1", "--config", "scripts/mutants/vitest.config.ts"],
      {
        ...options,
        env: { ATOLL_MUTANTS_TESTS: tests.flat().join(","), ATOLL_FUZZ_FACTOR: "0.1" },
      },
    );
    return run.ok;
  };
  if ((await isSound()) !== true) throw new Error(`the tests of ${DECODERS} fail without a mutant`);
  const mutants = [];
  for (const entry of mutate) {
    const [file = "", from = "1", to = "100000"] = entry.split(/[:-]/);
    const source = await readFile(join(checkout, file), "utf8");
    const wanted = changesOf(source).filter(({ row }) => row >= Number(from) && row <= Number(to));
    for (const change of wanted) {
      const lines = source.split("\n");
      lines[change.row - 1] = change.replacement;
      await writeFile(join(copy, file), lines.join("\n"));
      const passed = await isSound();
      // At once, for whoever stops it before its end.
      if (passed === true) console.log(`survived  ${file}:${change.row}  -> ${change.replacement.trim()}`);
      // What does not compile is no mutant.
      if (passed !== undefined)
        mutants.push({ file, ...change, replacement: change.replacement.trim(), isKilled: !passed });
    }
    await writeFile(join(copy, file), source);
  }
  return mutants;
}
