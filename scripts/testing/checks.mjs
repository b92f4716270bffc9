// What can be said about the sources without running them, and without a VM.
import { join } from "node:path";
import { cargoTargetFolder } from "../setup/agent.mjs";
import { checkout } from "../setup/paths.mjs";
import { rustEnvironment } from "../setup/rust.mjs";
import { runTool } from "./tool.mjs";

const limitMs = 15 * 60_000;
const agents = join(checkout, "agents");
const benchTools = join(checkout, "bench/tools");

/** @type {{ title: string, command: string, args: string[], cwd?: string }[]} */
const checks = [
  // The long ones first: two run side by side.
  {
    title: "Rust lints",
    command: "cargo",
    args: ["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
    cwd: agents,
  },
  { title: "Lints", command: "oxlint", args: [] },
  { title: "Types", command: "tsc", args: ["-b"] },
  { title: "Format", command: "prettier", args: ["--check", "--log-level=warn", "."] },
  { title: "Dead code", command: "knip", args: [] },
  { title: "Layers", command: process.execPath, args: ["scripts/layering/check.mjs"] },
  { title: "Rust format", command: "cargo", args: ["fmt", "--all", "--check"], cwd: agents },
  {
    title: "Bench tools",
    command: "cargo",
    args: ["clippy", "--quiet", "--locked", "--all-targets", "--", "-D", "warnings"],
    cwd: benchTools,
  },
  { title: "Bench format", command: "cargo", args: ["fmt", "--check"], cwd: benchTools },
  { title: "Generated code", command: process.execPath, args: ["scripts/gen.mjs", "--check"] },
];

/**
 * Runs all checks, two at a time; a failed one shows its output.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<import("./suites.mjs").Count>}
 */
export async function runChecks(signal) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    ...(await rustEnvironment()),
    CARGO_TARGET_DIR: cargoTargetFolder,
    FORCE_COLOR: process.stdout.isTTY ? "1" : "0",
  };
  env["PATH"] = `${join(checkout, "node_modules/.bin")}:${env["PATH"] ?? ""}`;
  /** @type {import("./suites.mjs").Count} */
  const count = { passed: 0, failed: 0, failures: [] };
  const queue = [...checks];
  const lane = async () => {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
      const { title, command, args, cwd = checkout } = check;
      const startedAt = performance.now();
      const { ok, output } = await runTool(command, args, { signal, limitMs, env, cwd, capture: true });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      count[ok ? "passed" : "failed"] += 1;
      if (!ok) count.failures.push(title);
      console.log(`${ok ? "✓" : "✗"} ${title.padEnd(18)} ${seconds.padStart(6)} s`);
      if (!ok) console.log(output.trimEnd().replaceAll(/^/gm, "    "));
    }
  };
  await Promise.all([lane(), lane()]);
  return count;
}
