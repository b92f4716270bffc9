// Which Debian packages are to be installed: by what apt knows, and where it knows nothing by the release. Pure.
import { renamedIn, rust } from "./packages.mjs";

/**
 * @typedef {object} Wanted
 * @property {import("./packages.mjs").Package[]} packages
 * @property {boolean} needsRust
 *
 * @typedef {object} Choice
 * @property {string[]} names of all that is wanted (no Rust where Debian is older than all that have it)
 * @property {string[]} unknown packages that apt knows under none of their names, as text
 */

/**
 * @param {Wanted} wanted
 * @param {ReadonlyMap<string, string>} candidates what apt could install: see candidateVersions
 * @param {number} release of Debian
 * @returns {Choice}
 */
export function choosePackages({ packages, needsRust }, candidates, release) {
  /** @type {Choice} */
  const choice = { names: [], unknown: [] };
  for (const { names, reason } of packages) {
    const known = names.find((name) => candidates.has(name));
    const ofRelease = release < renamedIn ? names.at(-1) : names[0];
    choice.names.push(known ?? ofRelease ?? "");
    if (known === undefined) choice.unknown.push(`${names.join(" or ")} (${reason})`);
  }
  if (needsRust) {
    const known = rust.toolchains.find(({ cargo }) => isNewEnough(candidates.get(cargo) ?? "0"));
    const ofRelease = rust.toolchains.find(({ since }) => release >= since);
    const names = known ? known.packages.filter((name) => candidates.has(name)) : ofRelease?.packages;
    choice.names.push(...(names ?? []));
    if (known === undefined)
      choice.unknown.push(`Rust ${rust.minimum} or newer (builds the agent; rustup has it, too)`);
  }
  return choice;
}

/** Every name that `choosePackages` may ask the candidates for. */
export function namesOf(/** @type {Wanted} */ { packages, needsRust }) {
  return [
    ...packages.flatMap(({ names }) => names),
    ...(needsRust ? rust.toolchains.flatMap((toolchain) => toolchain.packages) : []),
  ];
}

/** @param {string} version such as `1.85.0` or Debian's `1.96.0+dfsg1-1` */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [leastMajor = 0, leastMinor = 0] = rust.minimum.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** @param {string} osRelease the text of /etc/os-release; testing and unstable have no number there */
export function debianRelease(osRelease) {
  const number = /^VERSION_ID="?(\d+)/m.exec(osRelease)?.[1];
  return number === undefined || !/^ID="?debian"?$/m.test(osRelease) ? Infinity : Number(number);
}
