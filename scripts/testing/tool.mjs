// Runs a tool of the tests: its output is shown, it ends with us, and a tool that hangs is ended.
import { spawn } from "node:child_process";
import { checkout } from "../setup/paths.mjs";

const killGraceMs = 10_000;
const outputGraceMs = 2_000;

/**
 * @typedef {object} ToolOptions
 * @property {AbortSignal} signal
 * @property {number} limitMs
 * @property {NodeJS.ProcessEnv} [env] added to our own
 * @property {string} [cwd]
 * @property {boolean} [capture] the output is returned instead of shown
 * @property {(text: string) => void} [onOutput] sees what is shown
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {ToolOptions} options
 * @returns {Promise<{ ok: boolean, output: string }>} never throws but when interrupted
 */
export async function runTool(command, args, options) {
  const timeLimit = AbortSignal.timeout(options.limitMs);
  const signal = AbortSignal.any([options.signal, timeLimit]);
  signal.throwIfAborted();
  const child = spawn("setpriv", ["--pdeathsig", "TERM", command, ...args], {
    cwd: options.cwd ?? checkout,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      if (options.capture) output += text;
      else process.stdout.write(text);
      options.onOutput?.(text);
    });
  }
  /** @param {NodeJS.Signals} name */
  const send = (name) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended.
    }
  };
  /** @type {NodeJS.Timeout | undefined} */
  let killTimer;
  const stop = () => {
    send("SIGTERM");
    killTimer = setTimeout(() => send("SIGKILL"), killGraceMs);
  };
  signal.addEventListener("abort", stop);
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += `${command}: ${error.message}\n`;
      resolve(-1);
    });
    child.on("close", resolve);
    // What a tool leaves running may hold its output open for ever.
    child.on("exit", (exitCode) => setTimeout(resolve, outputGraceMs, exitCode).unref());
  });
  clearTimeout(killTimer);
  signal.removeEventListener("abort", stop);
  send("SIGKILL");
  options.signal.throwIfAborted();
  if (timeLimit.aborted) {
    const words = `${command} was ended: it took longer than ${options.limitMs / 60_000} minutes\n`;
    if (options.capture) output += words;
    else process.stdout.write(words);
  }
  return { ok: code === 0, output };
}
