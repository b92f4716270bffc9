// `npm test`: sets up what is missing, then runs the checks, the unit tests, the Rust tests and the end-to-end tests.
// Each of them runs whatever became of those before it; the last line is the sum.
import { main, setUp } from "./setup/index.mjs";
import { runChecks } from "./testing/checks.mjs";
import { endToEndTests, rustTests, unitTests } from "./testing/suites.mjs";

await main(async (signal) => {
  await setUp({ signal, testing: true });
  const parts = /** @type {const} */ ([
    ["Checks", runChecks],
    ["Unit tests", unitTests],
    ["Rust tests", rustTests],
    ["End-to-end tests", endToEndTests],
  ]);
  const sum = { passed: 0, failed: 0 };
  const lines = [];
  for (const [title, part] of parts) {
    console.log(`\n── ${title}`);
    const startedAt = performance.now();
    const { passed, failed } = await part(signal);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    lines.push(`${failed === 0 ? "✓" : "✗"} ${title.padEnd(18)} ${passed} passed, ${failed} failed  (${seconds} s)`);
    sum.passed += passed;
    sum.failed += failed;
  }
  console.log(`\n${lines.join("\n")}\n\n${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 ? 0 : 1;
});
