// End-to-end tests: the real Electron, real QEMU guests. `npm test` starts a display for them when there is none.
import { defineConfig } from "@playwright/test";

/** `npm run long` runs the long tests, and nothing else; everything else leaves them out. */
const isLong = process.env["ATOLL_LONG"] === "1";

export default defineConfig({
  testDir: "e2e",
  testMatch: isLong ? "**/*.long.e2e.ts" : "**/*.e2e.ts",
  testIgnore: isLong ? [] : "**/*.long.e2e.ts",
  // The guests need the cores: one test at a time.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env["CI"]),
  // Generous: guests are emulated, beside whatever else the machine does. Speed is measured in bench/, not asserted here.
  timeout: isLong ? 60 * 60_000 : 600_000,
  expect: { timeout: 60_000 },
  outputDir: "test-results",
  reporter: process.env["ATOLL_E2E_JSON"]
    ? [["list"], ["json", { outputFile: process.env["ATOLL_E2E_JSON"] }]]
    : [["list"]],
});
