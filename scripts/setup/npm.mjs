// Installs the npm packages of the lockfile.
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readText, writeText } from "./files.mjs";
import { withLock } from "./lock.mjs";
import { checkout, local } from "./paths.mjs";
import { run } from "./process.mjs";

// Inside node_modules, so that an `npm ci` by hand removes it, too. It is there when all is there.
const stamp = join(checkout, "node_modules", ".atoll-stamp");

/** @returns {import("./runner.mjs").Step} */
export function npmStep() {
  return {
    id: "npm",
    title: "npm packages",
    needs: ["debian"],
    isUpToDate: async () => (readText(stamp) === key() ? "" : undefined),
    run: ({ signal, log, detail }) =>
      withLock(
        join(local, "npm.lock"),
        { signal, onWait: () => detail("waiting for another set-up") },
        async (lockFd) => {
          if (readText(stamp) === key()) return;
          // No package needs its install script: binaries come as packages, Electron has a step of its own.
          const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
          const npm = npmCommand();
          const install = () =>
            run(npm.command, [...npm.args, ...args], { cwd: checkout, signal, log, lockFd, onLine: detail });
          rmSync(stamp, { force: true });
          try {
            await install();
          } catch {
            signal.throwIfAborted();
            detail("trying once more");
            await install();
          }
          writeText(stamp, key());
        },
      ),
  };
}

function key() {
  const [major] = process.versions.node.split(".");
  const lockfile = readFileSync(join(checkout, "package-lock.json"));
  return createHash("sha256").update(`${major} ${process.arch}\0`).update(lockfile).digest("hex").slice(0, 20);
}

/** The npm that runs us, else the one on the PATH. */
export function npmCommand() {
  const script = process.env["npm_execpath"];
  return script?.endsWith("npm-cli.js") ? { command: process.execPath, args: [script] } : { command: "npm", args: [] };
}
