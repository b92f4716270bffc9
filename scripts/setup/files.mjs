// Hashes that key the caches, and writes that are whole or not there.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ignoredFolders = new Set(["node_modules", "target", ".git"]);

/**
 * A hash of names and contents, the same whatever the order and the times of the files.
 *
 * @param {string} root
 * @param {string[]} entries files and folders relative to root; one that does not exist counts as empty
 * @param {{ also?: string[], accept?: (path: string) => boolean }} [options] also: more text that the result depends on
 */
export function hashOf(root, entries, options = {}) {
  const hash = createHash("sha256");
  for (const text of options.also ?? []) hash.update(`${text}\0`);
  for (const path of entries.flatMap((entry) => filesOf(root, entry)).toSorted()) {
    if (options.accept && !options.accept(path)) continue;
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 20);
}

/**
 * @param {string} root
 * @param {string} entry
 * @returns {string[]} paths relative to root
 */
function filesOf(root, entry) {
  const found = statSync(join(root, entry), { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [entry];
  return readdirSync(join(root, entry), { withFileTypes: true }).flatMap((child) => {
    if (child.isDirectory()) return ignoredFolders.has(child.name) ? [] : filesOf(root, join(entry, child.name));
    return child.isFile() ? [join(entry, child.name)] : [];
  });
}

/**
 * @param {string} file
 * @returns {string | undefined} its text without surrounding space
 */
export function readText(file) {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

/**
 * Writes a file in one step: readers see the old one or the new one.
 *
 * @param {string} file
 * @param {string} text
 */
export function writeText(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/**
 * Makes a folder by `fill` and puts it in place when it is complete; what an interrupted run left is removed first.
 * The caller holds a lock for `folder`.
 *
 * @param {string} folder
 * @param {(unfinished: string) => Promise<void>} fill
 */
export async function makeFolder(folder, fill) {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await fill(unfinished);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
}
