// Messages for a full disk and for files that may not be written. Pure.

const again = "then run the same command again: it goes on.";

/** @type {{ codes: string[], said: RegExp, what: string, remedy: string }[]} said: by programs */
const faults = [
  {
    codes: ["ENOSPC", "EDQUOT"],
    said: /No space left on device|ENOSPC|Disk quota exceeded|enough free space/i,
    what: "The disk is full",
    remedy: `Make room there (ATOLL_CACHE=FOLDER puts the cache, the largest part, on another disk), ${again}`,
  },
  {
    codes: ["EROFS"],
    said: /Read-only file system|EROFS/i,
    what: "The file system can only be read",
    remedy: `Make it writable (ATOLL_CACHE=FOLDER puts the cache elsewhere), ${again}`,
  },
  {
    codes: ["EACCES", "EPERM"],
    said: /EACCES|EPERM/,
    what: "This user may not write there",
    remedy: `What an earlier run as root has made, "sudo chown -R USER FOLDER" makes yours; ${again}`,
  },
];

/**
 * @param {unknown} error
 * @param {string} elsewhere the folders that are written to, for an error that names no file
 * @returns {string | undefined} undefined when it is no such error
 */
export function fileErrorWords(error, elsewhere) {
  if (!(error instanceof Error)) return undefined;
  // A copy fails at its destination.
  const { code, path, dest = path } = /** @type {NodeJS.ErrnoException & { dest?: string }} */ (error);
  const fault = faults.find(({ codes }) => code !== undefined && codes.includes(code));
  return fault && `${fault.what}: ${dest ?? elsewhere}. ${fault.remedy}`;
}

/**
 * @param {string[]} output the last lines of a program that failed
 * @returns {string | undefined} what to do when it failed for such a reason
 */
export function outputRemedy(output) {
  const fault = faults.find(({ said }) => output.some((line) => said.test(line)));
  return fault && `${fault.what}. ${fault.remedy}`;
}
