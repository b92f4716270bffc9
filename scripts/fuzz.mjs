// `npm run fuzz [-- --minutes N]`: the property tests of every parser of guests' bytes and of the policy, TypeScript and Rust, with new
// seeds round after round. What fails prints the seed or the case that reproduces it. Not part of `npm test`.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cargoTargetFolder } from "./setup/agent.mjs";
import { main, setUp } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";
import { rustEnvironment } from "./setup/rust.mjs";
import { runTool } from "./testing/tool.mjs";

/** A round of each language takes about a minute on two cores. */
const FACTOR = 100;
const RUST_CASES = 20_000;
const ROUND_LIMIT_MS = 30 * 60_000;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write(`--minutes ${values.minutes}: give a number above 0.\n`);
  process.exit(2);
}

await main(async (signal) => {
  await setUp({ signal, testing: true });
  const endAt = performance.now() + minutes * 60_000;
  const vitest = join(checkout, "node_modules/vitest/vitest.mjs");
  const parsers = [
    "shared/protocol",
    "main/link/services",
    "main/policy",
    "renderer/compositor/decoders",
    "renderer/wm",
  ];
  let rounds = 0;
  do {
    const typescript = await runTool(process.execPath, [vitest, "run", "--testTimeout=0", ...parsers], {
      signal,
      limitMs: ROUND_LIMIT_MS,
      env: { ATOLL_FUZZ_FACTOR: String(FACTOR) },
    });
    const packages = ["atoll-wire", "atoll-netfilter"].flatMap((name) => ["--package", name]);
    const rust = await runTool("cargo", ["test", "--release", "--quiet", "--locked", ...packages], {
      cwd: join(checkout, "agents"),
      env: {
        ...(await rustEnvironment()),
        CARGO_TARGET_DIR: cargoTargetFolder,
        PROPTEST_CASES: String(RUST_CASES),
      },
      signal,
      limitMs: ROUND_LIMIT_MS,
    });
    rounds += 1;
    const failed = [typescript, rust].filter(({ ok }) => !ok).length;
    console.log(`\nround ${rounds}: ${failed === 0 ? "nothing found" : "FAILED, see above"}`);
    if (failed > 0) return 1;
  } while (performance.now() < endAt);
  return 0;
});
