/**
 * Files that are whole or not there, after a crash of the application and after a power cut: written beside their place,
 * flushed to the disk, then put in place by one step of the file system.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";

/** Ours alone. */
const PRIVATE = 0o600;

export interface WriteOptions {
  /** Permissions; only its owner can read it where nothing is said. */
  mode?: number;
  /** Rejects with EEXIST where there is a file already, and leaves that as it is. */
  isNew?: boolean;
}

/** Replaces `file`, in a folder that exists. Rejects with the system's error; the file is as it was before then. */
export async function writeFileAtomically(
  file: string,
  data: string | Uint8Array,
  { mode = PRIVATE, isNew = false }: WriteOptions = {},
): Promise<void> {
  const partial = partialOf(file);
  try {
    await fsp.writeFile(partial, data, { mode, flush: true });
    if (isNew) await fsp.link(partial, file);
    else await fsp.rename(partial, file);
  } finally {
    await fsp.rm(partial, { force: true });
  }
  await syncFolder(path.dirname(file));
}

/** The same for a file that a person edits: where they have put a link in its place, the file that it leads to is replaced. */
export async function replacePersonsFile(file: string, text: string): Promise<void> {
  await writeFileAtomically(await fsp.realpath(file).catch(() => file), text);
}

/** The same as writeFileAtomically before it returns, for what must be kept when the process is killed in the next moment. Small files only. */
export function writeFileAtomicallySync(file: string, text: string, { mode = PRIVATE }: { mode?: number } = {}): void {
  const partial = partialOf(file);
  try {
    fs.writeFileSync(partial, text, { mode, flush: true });
    fs.renameSync(partial, file);
  } finally {
    fs.rmSync(partial, { force: true });
  }
  const folder = fs.openSync(path.dirname(file), "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

/** What was put into `folder`, or renamed in it, is on the disk when this resolves. */
export async function syncFolder(folder: string): Promise<void> {
  await sync(folder);
}

/** What another program has written into `file` is on the disk when this resolves. */
export async function syncFile(file: string): Promise<void> {
  await sync(file);
}

async function sync(place: string): Promise<void> {
  const handle = await fsp.open(place, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Hidden, so that nobody takes it for a file of the folder; of one writer alone, so that two never share it. */
function partialOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.partial`);
}
