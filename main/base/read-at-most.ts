/** Reads a file that somebody else has made, up to a size. */
import { constants } from "node:fs";
import fsp from "node:fs/promises";

/** null: there is none. Rejects where it is a link, no file, larger than `limit` bytes, or changes meanwhile. */
export async function readAtMost(file: string, limit: number): Promise<Buffer | null> {
  let handle: fsp.FileHandle;
  try {
    // A pipe would be waited for.
    handle = await fsp.open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > limit) throw new Error(`it is larger than ${limit} bytes`);
    // One byte more tells that it has grown.
    const room = Buffer.alloc(stat.size + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await handle.read(room, filled, room.length - filled, filled);
      filled += bytesRead;
      if (bytesRead === 0 || filled === room.length) break;
    }
    if (filled !== stat.size) throw new Error("it changes while it is read");
    return room.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
