/** Folders in which something of a service is made or fetched, before it is used. */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";

/** A new one in `parent`; whoever has it removes it. @throws AppError file.write-failed */
export async function temporaryFolder(parent: string, prefix: string): Promise<string> {
  try {
    return await fsp.mkdtemp(path.join(parent, prefix));
  } catch (error) {
    throw new AppError("file.write-failed", `${parent} cannot be written: ${messageOf(error)}.`, { file: parent });
  }
}
