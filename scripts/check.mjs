// `npm run check`: everything that needs no VM and runs no test.
import { main } from "./setup/index.mjs";
import { runChecks } from "./testing/checks.mjs";

await main(async (signal) => {
  const { passed, failed } = await runChecks(signal);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
