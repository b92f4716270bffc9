// `npm run mutants [-- --only FOLDER-OR-FILE] [--concurrency N] [--minutes N]`: changes one thing of the code at a time, and sees
// whether a test fails. Prints the mutants that no test has noticed and a score for each folder; one below MIN_SCORE fails.
// For people, not part of `npm test`: each folder takes minutes to an hour.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { assemblyMutants } from "./mutants/assembly.mjs";
import { cargoMutants } from "./mutants/cargo.mjs";
import { isEquivalent } from "./mutants/mutant.mjs";
import { PIECES } from "./mutants/pieces.mjs";
import { strykerMutants } from "./mutants/stryker.mjs";
import { main } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";

/** Percent. */
const MIN_SCORE = 85;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    concurrency: { type: "string", default: "2" },
    minutes: { type: "string", default: "120" },
  },
});
const { only } = values;
const [concurrency, limitMs] = [Number(values.concurrency), Number(values.minutes) * 60_000];

/** Pieces that are asked for; a file, or a glob, of a piece is looked at alone. */
const wanted = Object.entries(PIECES).flatMap(([name, piece]) => {
  if (only === undefined || only === name) return [{ name, piece }];
  const isWithin = only.startsWith(`${name}/`) && PIECES[only] === undefined;
  return isWithin
    ? [{ name: only, piece: { ...piece, mutate: [only, ...piece.mutate.filter((one) => one.startsWith("!"))] } }]
    : [];
});
if (wanted.length === 0 || !(concurrency > 0) || !(limitMs > 0)) {
  process.stderr.write(`--only takes one of these, or a file of one: ${Object.keys(PIECES).join(" ")}\n`);
  process.exit(2);
}

await main(async (signal) => {
  const scores = [];
  for (const { name, piece } of wanted) {
    const options = {
      folder: join(checkout, ".cache/mutants", name.replaceAll(/\W/g, "-")),
      concurrency,
      signal,
      limitMs,
    };
    const tools = {
      stryker: () => strykerMutants(piece, options),
      assembly: () => assemblyMutants(piece, options),
      cargo: () => cargoMutants(options),
    };
    const mutants = await tools[piece.tool]();
    const counted = mutants?.filter((mutant) => !isEquivalent(mutant)) ?? [];
    for (const { file, row, line, replacement } of counted.filter(({ isKilled }) => !isKilled))
      console.log(`survived  ${file}:${row}  ${line.trim()}\n          -> ${replacement.replaceAll(/\s+/g, " ")}`);
    const killed = counted.filter(({ isKilled }) => isKilled).length;
    scores.push({ name, killed, count: counted.length, isComplete: mutants !== undefined });
  }
  console.log();
  let isGood = true;
  for (const { name, killed, count, isComplete } of scores) {
    const percent = count === 0 ? 0 : (killed / count) * 100;
    isGood &&= isComplete && percent >= MIN_SCORE;
    console.log(
      `${isComplete ? `${percent.toFixed(1).padStart(5)} %` : "  failed"}  ${name} (${killed} of ${count} mutants killed)`,
    );
  }
  return isGood ? 0 : 1;
});
