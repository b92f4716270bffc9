/** A file of the host that shall be opened: it is looked at from outside alone, never read. */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";

/**
 * Its path without symbolic links: what a person names by one is the file that it leads to.
 * @throws AppError usage.bad-argument, open.no-file
 */
export async function hostFile(file: string): Promise<string> {
  if (!path.isAbsolute(file)) throw new AppError("usage.bad-argument", `"${file}" is not an absolute path.`, { file });
  try {
    const real = await fsp.realpath(file);
    const stat = await fsp.stat(real);
    if (stat.isDirectory()) throw noFile(file, "is a folder: name a file in it");
    if (!stat.isFile()) throw noFile(file, "is neither a file nor a folder, and is not opened");
    await fsp.access(real, fsp.constants.R_OK);
    return real;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw noFile(file, "is not there");
    if (code === "EACCES") throw noFile(file, "cannot be read: its permissions do not let you");
    throw noFile(file, `cannot be opened: ${messageOf(error)}`);
  }
}

function noFile(file: string, why: string): AppError {
  return new AppError("open.no-file", `"${file}" ${why}.`, { file });
}
