// A screen that nobody looks at, for the end-to-end tests.
import { spawn } from "node:child_process";
import { SetupError } from "../setup/process.mjs";

/**
 * Runs `work` with a display of its own, always: the tests move the pointer and press keys.
 *
 * @template T
 * @param {(display: string) => Promise<T>} work display such as `:7`
 * @returns {Promise<T>}
 */
export async function withDisplay(work) {
  // It finds a free number itself and writes it to descriptor 3. It asks for no cookie: one test runs as another user.
  const args = ["-displayfd", "3", "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset", "-ac"];
  const server = spawn("setpriv", ["--pdeathsig", "KILL", "Xvfb", ...args], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  try {
    const number = await new Promise((resolve, reject) => {
      server.on("error", reject);
      server.on("exit", (code) => reject(new SetupError(`Xvfb ended with code ${code}`)));
      server.stdio[3]?.once("data", (/** @type {Buffer} */ data) => resolve(data.toString().trim()));
    });
    return await work(`:${number}`);
  } finally {
    server.removeAllListeners("exit");
    server.kill();
  }
}
