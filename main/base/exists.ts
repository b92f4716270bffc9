import fsp from "node:fs/promises";

/** Whether there is a file or folder at this path that can be reached. */
export function exists(path: string): Promise<boolean> {
  return fsp.access(path).then(
    () => true,
    () => false,
  );
}
