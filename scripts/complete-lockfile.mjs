// Run after `npm install` has changed package-lock.json: adds the optional packages of other platforms that npm leaves
// out when the registry in use does not carry them. `npm ci` refuses a lockfile without them, here as elsewhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeText } from "./setup/files.mjs";
import { checkout } from "./setup/paths.mjs";

const systems = ["darwin", "win32", "android", "freebsd", "netbsd", "openbsd", "openharmony", "linux"];
/** What stands in a package's name, and npm's name of that processor. `arm` last: others contain it. */
const processors = Object.entries({
  arm64: "arm64",
  aarch64: "arm64",
  x64: "x64",
  ia32: "ia32",
  ppc64: "ppc64",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
  arm: "arm",
});

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} Entry
 */
const file = join(checkout, "package-lock.json");
/** @type {{ packages: Record<string, Entry> }} */
const lock = JSON.parse(readFileSync(file, "utf8"));

const added = [];
for (const { dev, optionalDependencies } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const system = systems.find((one) => name.includes(one));
    const processor = processors.find(([part]) => name.includes(part))?.[1];
    // Only exact versions that are certain not to be this platform's: everything else is npm's to find.
    if (lock.packages[path] || !/^\d+\.\d+\.\d+$/.test(version) || !system || !processor) continue;
    lock.packages[path] = {
      version,
      cpu: [processor],
      ...(dev && { dev }),
      ...(name.includes("musl") && { libc: ["musl"] }),
      optional: true,
      os: [system],
    };
    added.push(name);
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, "en")));
  writeText(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
console.log(`${added.length} packages of other platforms added`);
