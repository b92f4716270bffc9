// Two set-ups at once (two terminals, or a run beside the orphans of a killed one) take turns.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { SetupError } from "./process.mjs";

/**
 * Runs `work` while holding the lock on `file`. The kernel gives the lock back when the last process that has the
 * descriptor ends: so it is passed on to the programs that `work` starts, and one that outlives us keeps the lock.
 *
 * @template T
 * @param {string} file made if need be, never removed
 * @param {{ signal: AbortSignal, onWait: () => void }} options
 * @param {(fd: number) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, options, work) {
  mkdirSync(dirname(file), { recursive: true });
  const fd = openSync(file, "a");
  try {
    if (!(await lock(fd, ["--nonblock"], options.signal))) {
      options.onWait();
      if (!(await lock(fd, [], options.signal))) throw new SetupError(`${file} cannot be locked`);
    }
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * flock(1) locks the open file that it inherits as descriptor 3; the lock stays when flock has ended.
 *
 * @param {number} fd
 * @param {string[]} args
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false when somebody else has it
 */
async function lock(fd, args, signal) {
  const child = spawn("flock", ["--exclusive", ...args, "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
  const stop = () => child.kill();
  signal.addEventListener("abort", stop);
  try {
    const locked = await new Promise((resolve, reject) => {
      child.on("error", (cause) => reject(new SetupError("flock cannot be run (it is in util-linux)", { cause })));
      child.on("exit", (code) => resolve(code === 0));
    });
    signal.throwIfAborted();
    return locked;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
