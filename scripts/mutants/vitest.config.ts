import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type Reporter, type TestSpecification } from "vitest/node";
import { keepWorker } from "./kept-worker.ts";

/** The tests of one piece, as pieces.mjs names them. */
const folders = (process.env["ATOLL_MUTANTS_TESTS"] ?? "").split(",").filter((folder) => folder !== "");

/** By test file: mutants that it has killed, and the time that it took. */
const known = new Map<string, { kills: number; ms: number }>();

const remember: Reporter = {
  onTestModuleEnd(module) {
    const { kills, ms } = known.get(module.moduleId) ?? { kills: 0, ms: 0 };
    const killed = module.state() === "failed" ? 1 : 0;
    known.set(module.moduleId, { kills: kills + killed, ms: ms + module.diagnostic().duration });
  },
};

/** The first failure ends the run of a mutant, so the files that kill most in their time are first. */
class DeadliestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => killsPerMs(b) - killsPerMs(a)));
  }
}

function killsPerMs({ moduleId }: TestSpecification): number {
  const { kills, ms } = known.get(moduleId) ?? { kills: 0, ms: 0 };
  return (kills + 1) / (ms + 1);
}

export default defineConfig({
  plugins: [keepWorker()],
  test: {
    include: folders.map((folder) => (folder.includes(".test.") ? folder : `${folder}/**/*.test.ts`)),
    exclude: [...configDefaults.exclude, "**/*.long.test.*"],
    setupFiles: ["scripts/mutants/set-up.ts"],
    sequence: { sequencer: DeadliestFirst },
    reporters: [remember],
    // A machine that does other work, too, and code that counts its steps.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
