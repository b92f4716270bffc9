/** Files that QEMU could have written: no link in their place is followed, and no more of them is read than they may have. */
import fsp from "node:fs/promises";
import type { z } from "zod";
import { READ_PLAIN_FILE } from "./machine.ts";

/** Longer than any record. */
const MAX_RECORD_BYTES = 16 * 1024;

/** The file's content, null where there is none or it is not what it should be. */
export async function readJson<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.infer<Schema> | null> {
  try {
    return schema.parse(JSON.parse((await firstBytes(file, MAX_RECORD_BYTES))?.toString("utf8") ?? ""));
  } catch {
    return null;
  }
}

/** At most so many bytes of a file, null where it cannot be read. */
export async function firstBytes(file: string, most: number): Promise<Buffer | null> {
  let handle: fsp.FileHandle | null = null;
  try {
    handle = await fsp.open(file, READ_PLAIN_FILE);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await handle?.close();
  }
}
