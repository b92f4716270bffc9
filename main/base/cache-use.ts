/**
 * Marks entries of the cache as used, and removes those that nobody has used for some time: entries that are named by a hash, and
 * made again where they are missing. All instances of Atoll share the cache: the time of its last use is all that tells whether
 * one of them may still need an entry.
 */
import fsp, { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 24 * 60 * 60_000;
/** Put before the name of what is on its way out. */
const GOING = ".unused-";

/** Call it before looking whether it is there. What is not there, or not ours, is left as it is. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** Removes what nobody has used for so many days, and what an earlier removal has left. Never rejects. */
export async function removeUnused(dir: string, days: number): Promise<void> {
  const isUnused = async (path: string): Promise<boolean> => {
    const found = await stat(path).catch(() => null);
    return found !== null && found.mtimeMs < Date.now() - days * DAY_MS;
  };
  for (const name of await readdir(dir).catch(() => [])) {
    const path = join(dir, name);
    const isGoing = name.startsWith(GOING);
    if ((name.startsWith(".") && !isGoing) || !(await isUnused(path))) continue;
    const going = isGoing ? path : join(dir, `${GOING}${name}`);
    if (!isGoing && !(await isMoved(path, going))) continue;
    // Another instance may have marked it in the last moment: it finds it in its place again.
    if (!(await isUnused(going)) && (await isMoved(going, path))) continue;
    await rm(going, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Not where there is something else in its new place, or another instance was faster. */
async function isMoved(path: string, to: string): Promise<boolean> {
  return fsp.rename(path, to).then(
    () => true,
    () => false,
  );
}
