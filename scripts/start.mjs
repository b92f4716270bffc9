// `npm start`: sets up what is missing and opens the desktop. Everything after `--` is the application's own, but for
// `--setup-only`, which opens nothing.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { resolveElectron } from "./setup/electron.mjs";
import { findDisplay } from "./setup/host-display.mjs";
import { main, setUp } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";

const given = process.argv.slice(2);
const setupOnly = given.includes("--setup-only");
const isRoot = process.getuid?.() === 0;

await main(async (signal) => {
  const display = setupOnly ? { electronArgs: [] } : await findDisplay(process.env);
  if ("words" in display) {
    process.stderr.write(display.words);
    return 1;
  }
  await setUp({ signal });
  if (setupOnly) return 0;
  if (isRoot) {
    process.stderr.write(
      "\nWARNING: running as root, where Chromium's sandbox cannot be used (--no-sandbox).\n" +
        "         Start Atoll as an ordinary user to have it.\n\n",
    );
  }
  return openDesktop([...display.electronArgs, checkout, ...given]);
});

/**
 * @param {string[]} args Electron's
 * @returns {Promise<number>} the desktop's exit code
 */
function openDesktop(args) {
  const { executable } = resolveElectron();
  // A process group of its own, so that Ctrl-C reaches it once, through us: a second signal would kill it half-way.
  // It gets a SIGTERM when we are killed.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", executable, ...(isRoot ? ["--no-sandbox"] : []), ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined },
  });
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.removeAllListeners(name);
    process.on(name, () => child.kill(name === "SIGHUP" ? "SIGTERM" : name));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, killedBy) => {
      if (killedBy)
        process.stderr.write(`The desktop was ended by ${killedBy}; bin/atoll doctor checks what it needs.\n`);
      resolve(code ?? 128 + (killedBy ? constants.signals[killedBy] : 0));
    });
  });
}
