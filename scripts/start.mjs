// `npm start`: sets up what is missing and opens the desktop. Everything after `--` is the application's own, but for
// `--setup-only`, which opens nothing.
import { spawn } from "node:child_process";
import { resolveElectron } from "./setup/electron.mjs";
import { main, setUp } from "./setup/index.mjs";
import { checkout } from "./setup/paths.mjs";

const given = process.argv.slice(2);
const setupOnly = given.includes("--setup-only");
const isRoot = process.getuid?.() === 0;

await main(async (signal) => {
  if (!setupOnly && !process.env["DISPLAY"] && !process.env["WAYLAND_DISPLAY"]) {
    process.stderr.write(
      [
        "Atoll needs a graphical display, and neither WAYLAND_DISPLAY nor DISPLAY is set.",
        "",
        "  In a graphical session:  start it from a terminal of that session",
        "  Over ssh:                ssh -X HOST, then npm start",
        "  Without any screen:      apt-get install xvfb, then xvfb-run -a npm start",
        "  Only install and build:  npm start -- --setup-only",
        "",
      ].join("\n"),
    );
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
  return openDesktop(given);
});

/**
 * @param {string[]} args
 * @returns {Promise<number>} the desktop's exit code
 */
function openDesktop(args) {
  const { executable } = resolveElectron();
  const electronArgs = [...(isRoot ? ["--no-sandbox"] : []), checkout, ...args];
  // A process group of its own, so that Ctrl-C reaches it once, through us: a second signal would kill it half-way.
  // It gets a SIGTERM when we are killed.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", executable, ...electronArgs], {
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
    child.on("exit", (code, killedBy) => resolve(code ?? (killedBy === "SIGINT" ? 130 : 143)));
  });
}
