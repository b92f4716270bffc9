import { configDefaults, defineConfig } from "vitest/config";
import { WAITS_MS } from "./scripts/testing/waits.ts";

/** `npm run long` runs the long tests, and nothing else; everything else leaves them out. */
const isLong = process.env["ATOLL_LONG"] === "1";
const sources = "{shared,main,preload,renderer,images,bench,scripts/setup,scripts/testing,scripts/packaging}/**";
const tests = isLong ? [`${sources}/*.long.test.{ts,tsx}`] : [`${sources}/*.test.{ts,tsx}`, "scripts/*.test.ts"];
const excluded = [...configDefaults.exclude, ...(isLong ? [] : ["**/*.long.test.*"])];

/** Tests with a document, and those that replace modules: each file in a process of its own. */
const apart = [
  "renderer/**/*.test.{ts,tsx}",
  "main/electron/*.test.ts",
  "main/control/cli/exec.test.ts",
  "main/hardware/qemu/{driver,process}.test.ts",
  "main/ipc/{dispatcher,page}.test.ts",
  "main/link/link.test.ts",
  "main/networks/networks.test.ts",
];

const common = {
  // Generous: a busy machine is no failure. Speed is measured in bench/, not asserted here.
  testTimeout: isLong ? 60 * 60_000 : 180_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: WAITS_MS } },
  // `vi.waitFor` knows no setting.
  setupFiles: ["scripts/testing/patient-waits.ts"],
};

export default defineConfig({
  test: {
    passWithNoTests: isLong,
    // A property that fails prints its seed, which reproduces it.
    fileParallelism: true,
    // By default one processor is left idle: of two that is half of the time.
    maxWorkers: "100%",
    projects: [
      // Half of the time of a file alone would go into reading the same modules again.
      { test: { ...common, name: "together", include: tests, exclude: [...excluded, ...apart], isolate: false } },
      { test: { ...common, name: "apart", include: isLong ? [] : apart, exclude: excluded } },
    ],
  },
});
