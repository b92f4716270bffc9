/** Whether the Electron that runs Atoll is as new as the one that it is made for. Pure. */

/**
 * For people; null: there is nothing to say.
 *
 * @param wanted the lockfile's version; undefined: not known
 */
export function electronWarning(version: string, wanted: string | undefined): string | null {
  if (wanted === undefined || !isOlder(version, wanted)) return null;
  return `Electron ${version} is older than ${wanted}, which Atoll is made for: holes in Chromium that were closed since then are open in it.`;
}

function isOlder(version: string, than: string): boolean {
  const [parts, others] = [version, than].map((text) => text.split(/[.-]/, 3).map(Number)) as [number[], number[]];
  const at = others.findIndex((part, index) => part !== parts[index]);
  return at >= 0 && (parts[at] ?? 0) < (others[at] ?? 0);
}
