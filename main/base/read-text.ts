/** Reads files that a person may have, or not. */
import fsp from "node:fs/promises";

/** The text of a file; "" where there is none. Rejects where it cannot be read. */
export async function textOrNone(file: string): Promise<string> {
  return fsp.readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
}
