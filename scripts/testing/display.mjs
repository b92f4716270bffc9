// Screens that nobody looks at, for the end-to-end tests and the benches.
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { SetupError } from "../setup/process.mjs";

/**
 * @typedef {object} Display
 * @property {string} name such as `:207`
 * @property {() => Promise<void>} close resolves once the server has ended, and has removed its socket
 */

/**
 * Far above the numbers that others look for: Xvfb makes no lock file beside -displayfd, and an Xwayland that finds none takes
 * the number, and removes the socket of who has it.
 */
const FIRST_NUMBER = 200;
const LAST_NUMBER = 999;
const TRIES = 8;

const anyNumber = () => randomInt(FIRST_NUMBER, LAST_NUMBER + 1);

/**
 * Starts a server. It asks for no cookie: one test runs as another user.
 *
 * @param {{ width: number, height: number }} size in pixels
 * @param {() => number} [number] one to try
 * @returns {Promise<Display>}
 * @throws {SetupError} there is no Xvfb, or it ends whatever its number is
 */
export async function openDisplay({ width, height }, number = anyNumber) {
  const screen = ["-screen", "0", `${width}x${height}x24`];
  let problem = "";
  for (let tries = 0; tries < TRIES; tries += 1) {
    const name = `:${number()}`;
    const args = [
      "--pdeathsig",
      "KILL",
      "Xvfb",
      name,
      "-displayfd",
      "3",
      ...screen,
      "-nolisten",
      "tcp",
      "-noreset",
      "-ac",
    ];
    const server = spawn("setpriv", args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    const ended = once(server, "close");
    let words = "";
    server.stderr?.on("data", (/** @type {Buffer} */ data) => (words = `${words}${data.toString()}`.slice(-2_000)));
    // It writes its number there once it listens.
    const ready = once(/** @type {import("node:stream").Readable} */ (server.stdio[3]), "data");
    const isReady = await Promise.race([ready.then(() => true), ended.then(() => false)]);
    if (!isReady) {
      problem = words.trim();
      continue;
    }
    const close = async () => {
      server.kill();
      await ended;
    };
    return { name, close };
  }
  throw new SetupError(`Xvfb does not start: ${problem}`);
}

/**
 * Runs `work` with a display of its own, always: the tests move the pointer and press keys.
 *
 * @template T
 * @param {(display: string) => Promise<T>} work display such as `:207`
 * @returns {Promise<T>}
 */
export async function withDisplay(work) {
  const { name, close } = await openDisplay({ width: 1920, height: 1080 });
  try {
    return await work(name);
  } finally {
    await close();
  }
}
