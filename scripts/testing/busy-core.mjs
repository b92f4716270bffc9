// A core that is always busy, for tests that must not depend on an idle machine.
import { spawn } from "node:child_process";

/** How many times as long as on an idle machine tests may take beside it. */
export const BUSY_SLOWNESS = 3;

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function besideBusyCore(work) {
  const spinner = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, "--eval", "for (;;);"], {
    stdio: "ignore",
  });
  const failed = new Promise((_resolve, reject) => spinner.once("error", reject));
  const ended = new Promise((resolve) => spinner.once("exit", resolve));
  try {
    return /** @type {T} */ (await Promise.race([work(), failed]));
  } finally {
    spinner.kill("SIGKILL");
    if (spinner.pid !== undefined) await ended;
  }
}
