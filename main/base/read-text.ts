/** Reads files that a person may have, or not. */
import fs from "node:fs";
import fsp from "node:fs/promises";

/** The text of a file; "" where there is none. Rejects where it cannot be read. */
export async function textOrNone(file: string): Promise<string> {
  return fsp.readFile(file, "utf8").catch(noneFor);
}

/** The same, for what has to be known before anything can be awaited. */
export function textOrNoneSync(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    return noneFor(error);
  }
}

function noneFor(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
  throw error;
}
