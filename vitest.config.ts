import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,main,preload,renderer,images,bench,scripts/setup}/**/*.test.{ts,tsx}", "scripts/*.test.ts"],
    // Generous: a busy machine is no failure. Speed is measured in bench/, not asserted here.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A property that fails prints its seed, which reproduces it.
    fileParallelism: true,
  },
});
