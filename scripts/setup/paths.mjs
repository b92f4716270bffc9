// Where set-up reads and writes.
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of this checkout. Found as a Node.js that is too old finds it, too: setUp prints a message about it. */
export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Stamps, logs and compiler caches of this checkout alone; git-ignored. */
export const local = join(checkout, ".cache");

/** What set-up passes to the application: see writeResult in index.mjs. */
export const resultFile = join(checkout, "out", "setup.json");

/** Shared by all checkouts of this user: Electron, agents, templates, cargo's target folder. */
export const cache = cacheFolder(process.env);

/** @param {NodeJS.ProcessEnv} env */
export function cacheFolder(env) {
  if (env["ATOLL_CACHE"]) return resolve(env["ATOLL_CACHE"]);
  const xdg = env["XDG_CACHE_HOME"];
  // A relative XDG path is to be ignored. @see XDG Base Directory Specification
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".cache"), "atoll");
}
