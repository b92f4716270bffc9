/** A service's answer to one job without the application, beside a bare boot of the same image. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { buildTemplate } from "../../images/builder/build-template.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { recipeOfManifest } from "../../images/builder/recipes.ts";
import { checkout } from "../../scripts/setup/paths.mjs";
import { sampleOf, type Finding } from "../report.ts";
import { bootedMs } from "../systems/bare-boot.ts";
import type { Context, Measure } from "./measure.ts";

const SERVICE = path.join(checkout, "services/example");
const ROUNDS = { full: 7, quick: 2 };
/** What is promised, ms. */
const WITHIN_MS = 10_000;

export const runOnce: Measure = { name: "run-once", run };

async function run({ isQuick, signal, say }: Context): Promise<Finding[]> {
  const recipe = recipeOfManifest(path.join(SERVICE, "service.yaml"));
  const cacheDir = resolveCacheDir();
  const template = await buildTemplate({ recipe, cacheDir, signal, onProgress: ({ step }) => say(`image: ${step}`) });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-once-bench-"));
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    // One more than is counted: the first of each finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const times = [await answered(), await bootedMs(template, folder)] as const;
      if (round === 0) continue;
      ours.push(times[0]);
      theirs.push(times[1]);
      say(`run-once, round ${round} of ${rounds}: ${times.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const [us, them] = [sampleOf(ours), sampleOf(theirs)];
  const samples = { ours: us, theirs: them };
  const shared = { unit: "ms", ours: us.p50 };
  return [
    { ...shared, name: "a service's one job", theirs: them.p50, against: "a bare boot", bar: null, samples },
    {
      ...shared,
      name: "a service's one job, as promised",
      theirs: WITHIN_MS,
      against: "what is promised",
      bar: { atMost: 1 },
      samples: { ours: us, theirs: null },
    },
  ];
}

/** From the command to its end. */
async function answered(): Promise<number> {
  const startedMs = performance.now();
  const command = [path.join(checkout, "bin/atoll"), ["service", "run-once", SERVICE, "--json"]] as const;
  const { stdout } = await promisify(execFile)(...command);
  const ms = performance.now() - startedMs;
  // The first test of its manifest.
  if (stdout.trim() !== '{"words":4}') throw new Error(`the service answered ${stdout}`);
  return ms;
}
