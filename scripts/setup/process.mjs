// Runs a program for a set-up step: its output goes to the step's log, its last lines into the error.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** A failure shown to a person: what happened, and what to do. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {{ output?: string[], log?: string, cause?: unknown }} [details] output: the program's last lines
   */
  constructor(message, details = {}) {
    super(message, { cause: details.cause });
    this.name = "SetupError";
    this.output = details.output ?? [];
    this.log = details.log;
  }
}

const outputTailLines = 20;
/** How long a stopped program may take to end before it is killed. */
const stopGraceMs = 5_000;

/**
 * @typedef {object} RunOptions
 * @property {string} [title] what failures call the program, where the command is only what starts it
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to our own environment; undefined removes a variable
 * @property {AbortSignal} [signal] stops the program and all that it started
 * @property {string} [log] file that the output is appended to
 * @property {(line: string) => void} [onLine] each line of stdout and stderr
 * @property {number} [lockFd] kept open by the program and its children: see lock.mjs
 * @property {boolean} [mayFinish] never killed half-way (a package manager): it is asked to stop and waited for. It
 *   stays in our terminal session, where sudo knows the user
 * @property {boolean} [quiet] stdout is an answer, not progress: it is neither logged nor given to onLine
 */

/**
 * Runs a program to its end. Its input is empty.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} its stdout
 * @throws {SetupError} when it cannot be started or ends with another code than 0; the signal's reason when stopped
 */
export async function run(command, args, options = {}) {
  const { signal, title = command } = options;
  signal?.throwIfAborted();
  if (options.log) mkdirSync(dirname(options.log), { recursive: true });
  // When we are killed, so is the program: otherwise a second run would find the first one's children still writing.
  const wrap = !options.mayFinish && process.platform === "linux" && existsSync("/usr/bin/setpriv");
  const child = spawn(wrap ? "/usr/bin/setpriv" : command, wrap ? ["--pdeathsig", "TERM", command, ...args] : args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: !options.mayFinish, // a process group of its own: Ctrl-C reaches it through us, once
    stdio: ["ignore", "pipe", "pipe", options.lockFd ?? "ignore"],
  });
  const log = options.log ? createWriteStream(options.log, { flags: "a" }) : undefined;
  // A disk that is full, or belongs to somebody else, shows in what the program says: without a log, too.
  log?.on("error", () => undefined);
  log?.write(`$ ${[command, ...args].join(" ")}\n`);
  /** @type {string[]} */
  const tail = [];
  /** @type {string[]} */
  const answer = [];

  /** @param {string} line */
  const take = (line) => {
    log?.write(`${line}\n`);
    if (line.trim() === "") return;
    tail.push(line);
    if (tail.length > outputTailLines) tail.shift();
    options.onLine?.(line);
  };
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("a pipe was asked for");
  createInterface({ input: stdout }).on("line", (line) => {
    answer.push(line);
    if (!options.quiet) take(line);
  });
  createInterface({ input: stderr }).on("line", take);

  /** @type {NodeJS.Timeout | undefined} */
  let killTimer;
  /** @param {NodeJS.Signals} name */
  const send = (name) => {
    try {
      if (child.pid !== undefined) process.kill(options.mayFinish ? child.pid : -child.pid, name);
    } catch {
      // It has ended already, or it is root's: then it finishes.
    }
  };
  const stop = () => {
    send(options.mayFinish ? "SIGINT" : "SIGTERM");
    if (!options.mayFinish) killTimer = setTimeout(() => send("SIGKILL"), stopGraceMs);
  };
  signal?.addEventListener("abort", stop);
  try {
    await new Promise((resolve, reject) => {
      child.on("error", (error) => {
        const missing = "code" in error && error.code === "ENOENT";
        reject(new SetupError(missing ? `${command} is not installed` : `${command}: ${error.message}`));
      });
      child.on("close", (code, killedBy) => {
        if (code === 0) resolve(undefined);
        else {
          const how = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
          reject(new SetupError(`${title} ${how}`, { output: tail, ...(options.log && { log: options.log }) }));
        }
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(killTimer);
    signal?.removeEventListener("abort", stop);
    log?.end();
  }
  signal?.throwIfAborted();
  return answer.join("\n");
}
