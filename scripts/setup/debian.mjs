// Installs the Debian packages that are missing.
import { existsSync } from "node:fs";
import { candidateVersions } from "./apt.mjs";
import { choosePackages, debianRelease, namesOf } from "./choice.mjs";
import { whenUnlocked } from "./dpkg-lock.mjs";
import { readText } from "./files.mjs";
import { forBenching, forLongTesting, forRunning, forTesting } from "./packages.mjs";
import { run, SetupError } from "./process.mjs";
import { findRust } from "./rust.mjs";

/** @typedef {import("./runner.mjs").Step} Step */
/** @typedef {import("./packages.mjs").Package} Package */

/**
 * @param {{ testing: boolean, isLong?: boolean, benching: boolean, agentIsBuilt: () => boolean }} options the Rust toolchain is needed by
 *   tests and benches, and to build the agent
 * @returns {Step}
 */
export function debianStep({ testing, isLong = false, benching, agentIsBuilt }) {
  const wanted = [
    ...forRunning,
    ...(testing ? forTesting : []),
    ...(isLong ? forLongTesting : []),
    ...(benching ? forBenching : []),
  ];
  const needsRust = async () =>
    (testing || benching || !agentIsBuilt()) && (await findRust({ tools: testing })) === undefined;
  return {
    id: "debian",
    title: "Debian packages",
    needs: [],
    isUpToDate: async () => ((await missing(wanted)).length > 0 || (await needsRust()) ? undefined : ""),
    run: async (context) => {
      const { signal } = context;
      const absent = { packages: await missing(wanted), needsRust: await needsRust() };
      let choice = await choose(absent);
      const asRoot = await rootPrefix();
      if (!asRoot) throw new SetupError(lineForRoot(choice.names));
      const { aptGet, dpkg } = rootCommands(asRoot, context);
      /** @type {string[]} */
      let complaints = [];
      // It also fails for a source of somebody else's, which matters only when our packages are not known.
      const update = async () => {
        context.detail("updating the package lists");
        try {
          await retried(() => aptGet("update"), signal);
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof SetupError) complaints = error.output;
        }
      };
      const install = async () => {
        context.detail(`installing ${choice.names.length} packages`);
        await aptGet("install", "-y", "--no-install-recommends", "--no-remove", ...choice.names);
      };

      if (choice.unknown.length > 0 || !(await listsAreUsable(choice.names))) {
        await update();
        choice = await choose(absent);
      }
      if (choice.unknown.length > 0) {
        throw new SetupError(
          `apt knows no ${choice.unknown.join(", no ")}. Atoll needs Debian 12 or newer; is this machine online?`,
          { output: complaints, log: context.log },
        );
      }
      try {
        await install();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof SetupError)) throw error;
        if (wasInterrupted(error)) {
          context.detail("finishing what an interrupted installation left half-way");
          // Where something was unpacked before what it needs this fails, and --fix-broken does the rest.
          await dpkg("--configure", "-a").catch(() => signal.throwIfAborted());
        }
        // Lists that are older than the mirror's packages, or a broken state of an earlier installation.
        await update();
        await aptGet("install", "-y", "--fix-broken");
        await install();
      }
      const still = await missing(wanted);
      if (still.length > 0) throw new SetupError(`apt-get installed no ${still.map((one) => one.names[0]).join(", ")}`);
      return `${choice.names.length} installed`;
    },
  };
}

/** @param {import("./choice.mjs").Wanted} absent */
async function choose(absent) {
  const candidates = await candidateVersions(namesOf(absent));
  return choosePackages(absent, candidates, debianRelease(readText("/etc/os-release") ?? ""));
}

/** @param {string[]} names */
function lineForRoot(names) {
  return [
    "Some Debian packages are missing, and this user may install none (not root, no sudo without a password).",
    "Install them with this line, then start again:",
    "",
    `  sudo apt-get update && sudo apt-get install --no-install-recommends ${names.join(" ")}`,
  ].join("\n");
}

/**
 * @param {string[]} asRoot see rootPrefix
 * @param {import("./runner.mjs").StepContext} context
 */
function rootCommands(asRoot, context) {
  const { signal, log, detail } = context;
  /** @param {string} line */
  const onLine = (line) => {
    const fetched = /^Get:\d+ \S+ \S+ \S+ (\S+)/.exec(line)?.[1];
    if (fetched) detail(`fetching ${fetched}`);
    else if (/^(Unpacking|Setting up) /.test(line)) detail(line.split(" ").slice(0, -1).join(" ").toLowerCase());
  };
  /**
   * @param {string} title
   * @param {string[]} args
   */
  const start = (title, ...args) => {
    // The variables are given by env(1): sudo has an environment of its own.
    const [command, ...words] = [...asRoot, "env", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", title, ...args];
    return whenUnlocked(() => run(command ?? "env", words, { title, signal, log, onLine, mayFinish: true }), context);
  };
  return {
    aptGet: (/** @type {string[]} */ ...args) => start("apt-get", "-q", "-o", "Dpkg::Use-Pty=0", ...args),
    dpkg: (/** @type {string[]} */ ...args) => start("dpkg", ...args),
  };
}

/**
 * How to become root: words to put before a command (none when we are root already), undefined when we cannot.
 *
 * @returns {Promise<string[] | undefined>}
 */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
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
      "Set-up knows Debian's packages only, and this system has no dpkg. What Atoll needs stands in scripts/setup/packages.mjs.",
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

/** @param {unknown} error */
function wasInterrupted(error) {
  return error instanceof SetupError && error.output.some((line) => line.includes("dpkg was interrupted"));
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
