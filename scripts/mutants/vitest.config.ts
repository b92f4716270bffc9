import { configDefaults, defineConfig } from "vitest/config";

/** The tests of one piece, as pieces.mjs names them. */
const folders = (process.env["ATOLL_MUTANTS_TESTS"] ?? "").split(",").filter((folder) => folder !== "");

export default defineConfig({
  test: {
    include: folders.map((folder) => (folder.includes(".test.") ? folder : `${folder}/**/*.test.ts`)),
    exclude: [...configDefaults.exclude, "**/*.long.test.*"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
