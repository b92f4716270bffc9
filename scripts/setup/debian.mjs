// Installs the Debian packages that are missing.
import { existsSync } from "node:fs";
import { candidateVersions } from "./apt.mjs";
import { forBenching, forRunning, forTesting } from "./packages.mjs";
import { run, SetupError } from "./process.mjs";
import { findRust, rustPackages } from "./rust.mjs";

/** @typedef {import("./runner.mjs").Step} Step */
/** @typedef {import("./packages.mjs").Package} Package */

/**
 * @param {{ testing: boolean, benching: boolean, agentIsBuilt: () => boolean }} options the Rust toolchain is needed by
 *   tests and benches, and to build the agent
 * @returns {Step}
 */
export function debianStep({ testing, benching, agentIsBuilt }) {
  const wanted = [...forRunning, ...(testing ? forTesting : []), ...(benching ? forBenching : [])];
  const needsRust = async () =>
    (testing || benching || !agentIsBuilt()) && (await findRust({ tools: testing })) === undefined;
  return {
    id: "debian",
    title: "Debian packages",
    needs: [],
    isUpToDate: async () => ((await missing(wanted)).length > 0 || (await needsRust()) ? undefined : ""),
    run: async (context) => {
      const absent = await missing(wanted);
      const rust = await needsRust();
      const asRoot = await rootPrefix();
      const { signal, log } = context;
      /** @param {string} line */
      const onLine = (line) => {
        const fetched = /^Get:\d+ \S+ \S+ \S+ (\S+)/.exec(line)?.[1];
        if (fetched) context.detail(`fetching ${fetched}`);
        else if (/^(Unpacking|Setting up) /.test(line))
          context.detail(line.split(" ").slice(0, -1).join(" ").toLowerCase());
      };
      /** @param {string[]} args */
      const apt = (...args) =>
        run(asRoot?.[0] ?? "apt-get", [...(asRoot?.slice(1) ?? []), ...args], {
          signal,
          log,
          onLine,
          mayFinish: true,
          env: { LC_ALL: "C.UTF-8" },
        });

      let names = await availableNames(absent);
      let rustNames = rust ? await rustPackages() : [];
      if (!asRoot) {
        const known = [...(names ?? absent.map(({ names: [first = ""] }) => first)), ...(rustNames ?? [])];
        throw new SetupError(
          [
            "Some Debian packages are missing, and this user may install none (not root, no sudo without a password).",
            "Install them with this line, then start again:",
            "",
            `  sudo apt-get update && sudo apt-get install --no-install-recommends ${known.join(" ")}`,
          ].join("\n"),
        );
      }
      // What an interrupted installation left half-way stops the next one.
      await apt("dpkg", "--configure", "-a");
      if (!names || !rustNames || !(await listsAreUsable([...names, ...rustNames]))) {
        context.detail("updating the package lists");
        await retried(() => apt(...aptGet, "update"), signal);
        names = await availableNames(absent);
        rustNames = rust ? await rustPackages() : [];
      }
      if (!names) {
        const unknown = (await unavailable(absent)).map(({ names: all, reason }) => `${all.join(" or ")} (${reason})`);
        throw new SetupError(`This Debian has no package ${unknown.join(", ")}. Atoll needs Debian 12 or newer.`);
      }
      if (!rustNames)
        throw new SetupError("This Debian has no Rust toolchain that is new enough. Install one with rustup.");
      const all = [...names, ...rustNames];
      context.detail(`installing ${all.length} packages`);
      const install = () => apt(...aptGet, "install", "-y", "--no-install-recommends", "--no-remove", ...all);
      try {
        await install();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof SetupError)) throw error;
        // Lists that are older than the mirror's packages, or a broken state of an earlier installation.
        context.detail("trying once more");
        await apt(...aptGet, "update");
        await apt(...aptGet, "install", "-y", "--fix-broken");
        await install();
      }
      const still = await missing(wanted);
      if (still.length > 0) throw new SetupError(`apt-get installed no ${still.map((one) => one.names[0]).join(", ")}`);
      return `${all.length} installed`;
    },
  };
}

const aptGet = [
  "env",
  "DEBIAN_FRONTEND=noninteractive",
  "apt-get",
  "-q",
  "-o",
  "DPkg::Lock::Timeout=300",
  "-o",
  "Dpkg::Use-Pty=0",
];

/**
 * How to become root: words to put before a command (`env` when we are root already), undefined when we cannot.
 *
 * @returns {Promise<string[] | undefined>}
 */
async function rootPrefix() {
  if (process.getuid?.() === 0) return ["env"];
  try {
    await run("sudo", ["-n", "true"], { quiet: true, mayFinish: true });
    return ["sudo", "-n", "--"];
  } catch {
    return undefined;
  }
}

/**
 * @param {Package[]} packages
 * @returns {Promise<Package[]>}
 */
async function missing(packages) {
  if (!existsSync("/usr/bin/dpkg-query")) {
    throw new SetupError(
      "Set-up knows Debian's packages only, and this system has no dpkg. See CONTRIBUTING.md for what Atoll needs.",
    );
  }
  const names = packages.flatMap((one) => one.names);
  /** @type {string} */
  let list;
  try {
    list = await run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n", "*"], { quiet: true });
  } catch (cause) {
    throw new SetupError("dpkg-query cannot list the installed packages", { cause });
  }
  const wanted = new Set(names);
  const installed = new Set(
    list
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([name = "", status]) => wanted.has(name) && status === "installed")
      .map(([name]) => name),
  );
  return packages.filter((one) => !one.names.some((name) => installed.has(name)));
}

/**
 * @param {Package[]} packages
 * @returns {Promise<string[] | undefined>} one name per package, or undefined when apt's lists do not have them all
 */
async function availableNames(packages) {
  const candidates = await candidateVersions(packages.flatMap((one) => one.names));
  const names = packages.map((one) => one.names.find((name) => candidates.has(name)));
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** @param {Package[]} packages */
async function unavailable(packages) {
  const candidates = await candidateVersions(packages.flatMap((one) => one.names));
  return packages.filter((one) => !one.names.some((name) => candidates.has(name)));
}

/**
 * Whether apt's lists are fresh enough that the packages can be fetched: asked of apt itself, without fetching.
 *
 * @param {string[]} names
 */
async function listsAreUsable(names) {
  try {
    await run("apt-get", ["install", "--simulate", "-qq", "--no-install-recommends", ...names], { quiet: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @param {AbortSignal} signal
 */
async function retried(work, signal) {
  try {
    return await work();
  } catch {
    signal.throwIfAborted();
    return work();
  }
}
