// `npm run long [-- --rounds N] [--only NAME]...`: what takes more than a minute, whole. Not part of `npm test`.
//   long          the long tests, once: *.long.test.ts and *.long.e2e.ts, beside the sources and in e2e/
//   unit          the unit tests of both languages  } each N times (10) beside a busy core:
//   e2e           the end-to-end tests              } finds tests that fail now and then
// Goes on after a failure; names what failed at the end, after a line for each round, which are kept in .cache/test/long.txt
// as they come. Its last line is the sum, as `npm test`'s is.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { main, setUp } from "./setup/index.mjs";
import { local } from "./setup/paths.mjs";
import { BUSY_SLOWNESS, besideBusyCore } from "./testing/busy-core.mjs";
import { endToEndTests, longTests, rustTests, unitTests } from "./testing/suites.mjs";

/** @typedef {(signal: AbortSignal, slowness?: number) => Promise<import("./testing/suites.mjs").Count>} Suite */

/** @type {Record<string, { isRepeated: boolean, suites: [title: string, suite: Suite][] }>} */
const PARTS = {
  long: { isRepeated: false, suites: [["Long tests", longTests]] },
  unit: {
    isRepeated: true,
    suites: [
      ["Unit tests", unitTests],
      ["Rust tests", rustTests],
    ],
  },
  e2e: { isRepeated: true, suites: [["End-to-end tests", endToEndTests]] },
};

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    only: { type: "string", multiple: true, default: [] },
  },
});
const rounds = Number(values.rounds);
const unknown = values.only.filter((name) => !Object.hasOwn(PARTS, name));
if (!Number.isInteger(rounds) || rounds < 1 || unknown.length > 0) {
  process.stderr.write(`usage: npm run long -- [--rounds N] [--only ${Object.keys(PARTS).join("|")}]...\n`);
  process.exit(2);
}

await main(async (signal) => {
  await setUp({ signal, testing: true, isLong: true });
  const sum = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const failures = [];
  /** @type {string[]} */
  const lines = [];
  const summary = join(local, "test", "long.txt");
  mkdirSync(join(local, "test"), { recursive: true });
  /** @param {string} title @param {Suite} suite @param {number} slowness */
  const run = async (title, suite, slowness) => {
    console.log(`\n── ${title}`);
    const startedAt = performance.now();
    const count = await suite(signal, slowness);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const mark = count.failed === 0 ? "✓" : "✗";
    lines.push(`${mark} ${title}: ${count.passed} passed, ${count.failed} failed  (${seconds} s)`);
    sum.passed += count.passed;
    sum.failed += count.failed;
    // A suite that ended by itself names none.
    const names = count.failures.length > 0 ? count.failures : ["see its output"];
    if (count.failed > 0) failures.push(...names.map((name) => `✗ ${title}: ${name}`));
    writeFileSync(summary, `${[...lines, ...failures].join("\n")}\n`);
  };
  for (const [name, { isRepeated, suites }] of Object.entries(PARTS)) {
    if (values.only.length > 0 && !values.only.includes(name)) continue;
    for (let round = 1; round <= (isRepeated ? rounds : 1); round += 1) {
      for (const [title, suite] of suites) {
        if (isRepeated) {
          await besideBusyCore(() => run(`${title}, round ${round} of ${rounds}`, suite, BUSY_SLOWNESS));
        } else await run(title, suite, 1);
      }
    }
  }
  console.log(
    `\n${lines.map((line) => `${line}\n`).join("")}\n${failures.map((line) => `${line}\n`).join("")}\n${sum.passed} passed, ${sum.failed} failed`,
  );
  return sum.failed === 0 ? 0 : 1;
});
