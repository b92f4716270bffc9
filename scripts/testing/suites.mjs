// The test suites of `npm test`: each is run by its own tool and gives a count.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { agentFolder, cargoTargetFolder } from "../setup/agent.mjs";
import { checkout, local } from "../setup/paths.mjs";
import { rustEnvironment } from "../setup/rust.mjs";
import { withDisplay } from "./display.mjs";
import { runTool } from "./tool.mjs";

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} failures names of tests that failed
 */

const minuteMs = 60_000;

/**
 * @param {AbortSignal} signal
 * @param {number} [slowness] how many times as long as on an idle machine it may take
 * @returns {Promise<Count>}
 */
export async function unitTests(signal, slowness = 1) {
  const { ok, count } = await vitest(signal, "unit.json", 10 * slowness);
  return judged(ok, count);
}

/**
 * The tests that `npm test` leaves out because they take long.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Count>}
 */
export async function longTests(signal) {
  const unit = await vitest(signal, "long-unit.json", 120, longOnly);
  // Tests that do more of the same when ATOLL_LONG is set.
  const rust = await cargoTest(signal, "agents", ["--test", "session", "--", "leave_no_descriptor_behind"], longOnly);
  const e2e = await playwright(signal, "long-e2e.json", 120, longOnly);
  const ok = unit.ok && rust.ok && e2e.ok;
  const counts = [unit.count, countRust(rust.output), e2e.count];
  const count = {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    failures: counts.flatMap(({ failures }) => failures),
  };
  // There may be none of one kind, or of both.
  return ok ? count : judged(ok, count);
}

/** See vitest.config.ts and playwright.config.ts. */
const longOnly = { ATOLL_LONG: "1" };

/**
 * @param {AbortSignal} signal
 * @param {string} reportName
 * @param {number} limitMinutes
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ ok: boolean, count: Count }>}
 */
async function vitest(signal, reportName, limitMinutes, env = {}) {
  const report = freshReport(reportName);
  const program = join(checkout, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const limitMs = limitMinutes * minuteMs;
  const { ok } = await runTool(process.execPath, [program, "run", ...reporters], { signal, limitMs, env });
  /**
   * @type {{
   *   numPassedTests: number,
   *   numFailedTests: number,
   *   testResults: { name: string, assertionResults: { status: string, fullName: string }[] }[],
   * } | undefined}
   */
  const counted = readReport(report);
  const failures = (counted?.testResults ?? []).flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName }) => `${relative(checkout, name)}: ${fullName}`),
  );
  return { ok, count: { passed: counted?.numPassedTests ?? 0, failed: counted?.numFailedTests ?? 0, failures } };
}

/**
 * @param {AbortSignal} signal
 * @param {number} [slowness] see unitTests
 * @returns {Promise<Count>}
 */
export async function rustTests(signal, slowness = 1) {
  let output = "";
  let isOk = true;
  for (const workspace of ["agents", "bench/tools"]) {
    // What is ignored otherwise needs the agent as guests get it.
    const args = ["--workspace", "--no-fail-fast", "--", "--include-ignored"];
    const tested = await cargoTest(signal, workspace, args, {}, 20 * slowness);
    output += tested.output;
    isOk &&= tested.ok;
  }
  return judged(isOk, countRust(output));
}

/**
 * @param {AbortSignal} signal
 * @param {string} workspace a folder of this repository
 * @param {string[]} args after `cargo test`
 * @param {NodeJS.ProcessEnv} [env]
 * @param {number} [limitMinutes]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
async function cargoTest(signal, workspace, args, env = {}, limitMinutes = 20) {
  let output = "";
  const { ok } = await runTool("cargo", ["test", "--quiet", "--locked", ...args], {
    cwd: join(checkout, workspace),
    env: {
      ...(await rustEnvironment()),
      CARGO_TARGET_DIR: cargoTargetFolder,
      CARGO_TERM_COLOR: "never",
      ATOLL_AGENT: join(agentFolder(), "atoll-agent"),
      ...env,
    },
    signal,
    limitMs: limitMinutes * minuteMs,
    onOutput: (text) => (output += text),
  });
  return { ok, output };
}

/** @param {string} output of `cargo test`: a line for each test program */
export function countRust(output) {
  /** @type {Count} */
  const count = { passed: 0, failed: 0, failures: [] };
  for (const [, passed, failed] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
  }
  // Their names, four spaces before each, between this line and an empty one; what they printed has a list of its own before.
  for (const [, names = ""] of output.matchAll(/^failures:\n((?: {4}\S+\n)+)/gm)) {
    count.failures.push(...names.trim().split(/\s+/));
  }
  return count;
}

/**
 * @param {AbortSignal} signal
 * @param {number} [slowness] see unitTests
 * @returns {Promise<Count>}
 */
export async function endToEndTests(signal, slowness = 1) {
  const { ok, count } = await playwright(signal, "e2e.json", 60 * slowness);
  return judged(ok, count);
}

/**
 * @typedef {object} Suite
 * @property {{ title: string, ok: boolean }[]} [specs]
 * @property {Suite[]} [suites]
 */

/**
 * @param {AbortSignal} signal
 * @param {string} reportName
 * @param {number} limitMinutes
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ ok: boolean, count: Count }>}
 */
async function playwright(signal, reportName, limitMinutes, env = {}) {
  const report = freshReport(reportName);
  const program = join(checkout, "node_modules/@playwright/test/cli.js");
  const { ok } = await withDisplay((display) =>
    runTool(process.execPath, [program, "test", ...(env === longOnly ? ["--pass-with-no-tests"] : [])], {
      env: { ...env, DISPLAY: display, WAYLAND_DISPLAY: undefined, ATOLL_E2E_JSON: report },
      signal,
      limitMs: limitMinutes * minuteMs,
    }),
  );
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number }, suites: Suite[] } | undefined} */
  const counted = readReport(report);
  const { expected = 0, unexpected = 0, flaky = 0 } = counted?.stats ?? {};
  const failures = (counted?.suites ?? []).flatMap((suite) => failuresOf(suite));
  return { ok, count: { passed: expected + flaky, failed: unexpected, failures } };
}

/**
 * @param {Suite} suite
 * @returns {string[]}
 */
function failuresOf({ specs = [], suites = [] }) {
  return [...specs.filter(({ ok }) => !ok).map(({ title }) => title), ...suites.flatMap((suite) => failuresOf(suite))];
}

/**
 * A suite that failed without a failed test (it did not compile, it was ended) counts as one failure; so does a suite
 * in which nothing ran.
 *
 * @param {boolean} ok
 * @param {Count} count
 * @returns {Count}
 */
export function judged(ok, { passed, failed, failures }) {
  const isSilentFailure = failed === 0 && (!ok || passed === 0);
  return { passed, failed: isSilentFailure ? 1 : failed, failures };
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
