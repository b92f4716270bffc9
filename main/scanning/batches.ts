/** Which files are given to an engine at once: they are in its memory until it has answered. Pure. */

/** Beyond it a file is not even sent: limits.py of the antivirus has the same. */
export const MAX_SCANNED_BYTES = 64 * 1024 * 1024;
const BATCH_BYTES = MAX_SCANNED_BYTES;
const BATCH_FILES = 500;

export function batchesOf<File extends { readonly size: number }>(files: readonly File[]): File[][] {
  const batches: File[][] = [];
  let bytes = Infinity;
  for (const file of files) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= BATCH_FILES || bytes + file.size > BATCH_BYTES) {
      batches.push([file]);
      bytes = file.size;
    } else {
      last.push(file);
      bytes += file.size;
    }
  }
  return batches;
}
