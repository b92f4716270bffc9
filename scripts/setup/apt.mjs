// Asks apt what it could install; changes nothing.
import { run } from "./process.mjs";

/**
 * @param {string[]} names
 * @returns {Promise<Map<string, string>>} name to the version that apt would install
 */
export async function candidateVersions(names) {
  if (names.length === 0) return new Map();
  const policy = await run("apt-cache", ["policy", ...names], { quiet: true, env: { LC_ALL: "C" } });
  /** @type {Map<string, string>} */
  const versions = new Map();
  let name = "";
  for (const line of policy.split("\n")) {
    const heading = /^(\S+):$/.exec(line);
    if (heading?.[1]) name = heading[1];
    const candidate = /^\s+Candidate: (\S+)$/.exec(line)?.[1];
    if (candidate && candidate !== "(none)") versions.set(name, candidate);
  }
  return versions;
}
