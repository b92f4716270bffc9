// Finds a Rust toolchain that is new enough: the one on the PATH, rustup's, or Debian's. Never downloads one.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { isNewEnough } from "./choice.mjs";
import { rust } from "./packages.mjs";
import { run, SetupError } from "./process.mjs";

/** @typedef {{ bin: string, version: string }} Rust bin: the folder that holds cargo and rustc */

/**
 * @param {{ tools?: boolean }} [options] tools: clippy and rustfmt have to be there, too
 * @returns {Promise<Rust | undefined>}
 */
export async function findRust({ tools = false } = {}) {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const cargoHome = process.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
  for (const bin of new Set([...folders, join(cargoHome, "bin"), "/usr/bin"])) {
    const needed = ["cargo", "rustc", ...(tools ? ["cargo-clippy", "cargo-fmt"] : [])];
    if (!needed.every((name) => existsSync(join(bin, name)))) continue;
    // Both are asked: under rustup either may be a shim without a toolchain behind it.
    const versions = await Promise.all([versionOf(join(bin, "cargo")), versionOf(join(bin, "rustc"))]);
    const [version] = versions;
    if (version && versions.every((one) => one !== undefined && isNewEnough(one))) return { bin, version };
  }
  return undefined;
}

/**
 * @param {string} program
 * @returns {Promise<string | undefined>}
 */
async function versionOf(program) {
  try {
    return /^\S+ (\d+\.\d+\.\d+)/.exec(await run(program, ["--version"], { quiet: true }))?.[1];
  } catch {
    return undefined;
  }
}

/** @returns {Promise<NodeJS.ProcessEnv>} the environment in which `cargo` is the one that was found */
export async function rustEnvironment() {
  const found = await findRust();
  if (!found) throw new SetupError(`No Rust toolchain of ${rust.minimum} or newer was found: npm test installs one.`);
  return { PATH: `${found.bin}${delimiter}${process.env["PATH"] ?? ""}` };
}
