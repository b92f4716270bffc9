// The test suites of `npm test`: each is run by its own tool and gives a count.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { agentFolder, cargoTargetFolder } from "../setup/agent.mjs";
import { checkout, local } from "../setup/paths.mjs";
import { rustEnvironment } from "../setup/rust.mjs";
import { withDisplay } from "./display.mjs";
import { runTool } from "./tool.mjs";

/** @typedef {{ passed: number, failed: number }} Count */

const minuteMs = 60_000;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Count>}
 */
export async function unitTests(signal) {
  const report = freshReport("unit.json");
  const vitest = join(checkout, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { ok } = await runTool(process.execPath, [vitest, "run", ...reporters], { signal, limitMs: 10 * minuteMs });
  /** @type {{ numPassedTests: number, numFailedTests: number } | undefined} */
  const counted = readReport(report);
  return judged(ok, { passed: counted?.numPassedTests ?? 0, failed: counted?.numFailedTests ?? 0 });
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Count>}
 */
export async function rustTests(signal) {
  let output = "";
  let isOk = true;
  for (const workspace of ["agents", "bench/tools"]) {
    // What is ignored otherwise needs the agent as guests get it.
    const args = ["test", "--quiet", "--locked", "--workspace", "--no-fail-fast", "--", "--include-ignored"];
    const { ok } = await runTool("cargo", args, {
      cwd: join(checkout, workspace),
      env: {
        ...(await rustEnvironment()),
        CARGO_TARGET_DIR: cargoTargetFolder,
        CARGO_TERM_COLOR: "never",
        ATOLL_AGENT: join(agentFolder(), "atoll-agent"),
      },
      signal,
      limitMs: 20 * minuteMs,
      onOutput: (text) => (output += text),
    });
    isOk &&= ok;
  }
  return judged(isOk, countRust(output));
}

/** @param {string} output of `cargo test`: a line for each test program */
export function countRust(output) {
  const count = { passed: 0, failed: 0 };
  for (const [, passed, failed] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
  }
  return count;
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Count>}
 */
export async function endToEndTests(signal) {
  const report = freshReport("e2e.json");
  const playwright = join(checkout, "node_modules/@playwright/test/cli.js");
  const { ok } = await withDisplay((display) =>
    runTool(process.execPath, [playwright, "test"], {
      env: { DISPLAY: display, WAYLAND_DISPLAY: undefined, ATOLL_E2E_JSON: report },
      signal,
      limitMs: 30 * minuteMs,
    }),
  );
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number } } | undefined} */
  const counted = readReport(report);
  const { expected = 0, unexpected = 0, flaky = 0 } = counted?.stats ?? {};
  return judged(ok, { passed: expected + flaky, failed: unexpected });
}

/**
 * A suite that failed without a failed test (it did not compile, it was ended) counts as one failure; so does a suite
 * in which nothing ran.
 *
 * @param {boolean} ok
 * @param {Count} count
 * @returns {Count}
 */
export function judged(ok, { passed, failed }) {
  const isSilentFailure = failed === 0 && (!ok || passed === 0);
  return { passed, failed: isSilentFailure ? 1 : failed };
}

/** @param {string} name */
function freshReport(name) {
  const file = join(local, "test", name);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  return file;
}

/** @param {string} file */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
