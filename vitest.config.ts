import { configDefaults, defineConfig } from "vitest/config";

/** `npm run long` runs the long tests, and nothing else; everything else leaves them out. */
const isLong = process.env["ATOLL_LONG"] === "1";
const sources = "{shared,main,preload,renderer,images,bench,scripts/setup,scripts/testing,scripts/packaging}/**";

export default defineConfig({
  test: {
    include: isLong ? [`${sources}/*.long.test.{ts,tsx}`] : [`${sources}/*.test.{ts,tsx}`, "scripts/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(isLong ? [] : ["**/*.long.test.*"])],
    passWithNoTests: isLong,
    // Generous: a busy machine is no failure. Speed is measured in bench/, not asserted here.
    testTimeout: isLong ? 60 * 60_000 : 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    // A property that fails prints its seed, which reproduces it.
    fileParallelism: true,
  },
});
