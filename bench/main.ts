/** The benches: runs the measures, prints their table, writes it as JSON. Loaded by run.mjs. */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { checkout, local } from "../scripts/setup/paths.mjs";
import { machineFacts } from "./machine-facts.ts";
import { animation } from "./measures/animation.ts";
import { appStart } from "./measures/app-start.ts";
import { back } from "./measures/back.ts";
import { coldStart } from "./measures/cold-start.ts";
import { disposable } from "./measures/disposable.ts";
import { files } from "./measures/files.ts";
import { flood } from "./measures/flood.ts";
import { idle } from "./measures/idle.ts";
import { keys } from "./measures/keys.ts";
import { kiosk } from "./measures/kiosk.ts";
import type { Measure } from "./measures/measure.ts";
import { network } from "./measures/network.ts";
import { open } from "./measures/open.ts";
import { paste } from "./measures/paste.ts";
import { policy } from "./measures/policy.ts";
import { runOnce } from "./measures/run-once.ts";
import { judged, type Result, table } from "./report.ts";
import { scan } from "./measures/scan.ts";
import { scannerStart } from "./measures/scanner-start.ts";
import { typing } from "./measures/typing.ts";
import { buildTools } from "./tools.ts";

const MEASURES: readonly Measure[] = [
  keys,
  animation,
  typing,
  coldStart,
  disposable,
  kiosk,
  open,
  appStart,
  back,
  idle,
  policy,
  paste,
  files,
  scan,
  scannerStart,
  flood,
  runOnce,
  network,
];

const USAGE = `usage: npm run bench -- [--only NAME]... [--quick] [--json FILE]
  names: ${MEASURES.map(({ name }) => name).join(", ")}
`;

/** @returns exit code: 0, 1 = a bar was not kept, 2 = wrong usage */
export async function bench(words: string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: {
      only: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      json: { type: "string", default: path.join(local, "bench.json") },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = values.only.filter((name) => !MEASURES.some((measure) => measure.name === name));
  if (values.help || unknown.length > 0) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
  const tools = await buildTools(signal);
  const results: Result[] = [];
  for (const { name, run } of MEASURES) {
    if (values.only.length > 0 && !values.only.includes(name)) continue;
    signal.throwIfAborted();
    process.stderr.write(`\n${name}\n`);
    results.push(...(await run({ tools, isQuick: values.quick, signal, say })).map(judged));
  }
  const machine = await machineFacts();
  const file = path.resolve(values.json);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify({ machine, isQuick: values.quick, results }, null, 2)}\n`);
  const { cores, processor, accelerator, qemu, electron, system, kernel } = machine;
  console.log(`\n${table(results)}\n`);
  console.log(
    `${cores} cores (${processor}), ${accelerator}, QEMU ${qemu}, Electron ${electron}, ${system}, Linux ${kernel}`,
  );
  console.log(`written to ${path.relative(checkout, file)}`);
  return results.some(({ isKept }) => isKept === false) ? 1 : 0;
}
