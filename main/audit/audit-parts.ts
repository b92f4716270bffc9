/** The files of the audit log: `audit.jsonl`, and its older parts `audit-1.jsonl`, `audit-2.jsonl`, ..., none of which is ever removed. */
import fsp, { type FileHandle } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { syncFolder } from "../base/write-file.ts";

const CURRENT = "audit.jsonl";
const OLDER = /^audit-([1-9][0-9]*)\.jsonl$/;

export class AuditParts {
  readonly folder: string;
  readonly current: string;

  constructor(folder: string) {
    this.folder = folder;
    this.current = path.join(folder, CURRENT);
  }

  /** Those that are there, oldest first. */
  async all(): Promise<string[]> {
    const names = await fsp.readdir(this.folder);
    const older = (await this.#numbers()).map((number) => this.#older(number));
    return names.includes(CURRENT) ? [...older, this.current] : older;
  }

  /**
   * Calls `read` with the older parts, oldest first, and the current one, open; null: there is none. All of them are of one
   * moment: a part that is put aside between the two would be missed, or be there twice.
   */
  async reading<Value>(read: (older: readonly string[], current: FileHandle | null) => Promise<Value>): Promise<Value> {
    for (;;) {
      const before = await this.#numbers();
      const current = await openOrNone(this.current);
      try {
        const now = await this.#numbers();
        if (isDeepStrictEqual(now, before))
          return await read(
            now.map((number) => this.#older(number)),
            current,
          );
      } finally {
        await current?.close();
      }
    }
  }

  /** The current part becomes an older one, under a name that none has. */
  async rotate(): Promise<void> {
    const last = (await this.#numbers()).at(-1) ?? 0;
    await fsp.rename(this.current, this.#older(last + 1));
    await syncFolder(this.folder);
  }

  #older(number: number): string {
    return path.join(this.folder, `audit-${number}.jsonl`);
  }

  async #numbers(): Promise<number[]> {
    const names = await fsp.readdir(this.folder);
    return names
      .flatMap((name) => OLDER.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** It stays the same file when it is put aside. */
async function openOrNone(file: string): Promise<FileHandle | null> {
  return fsp.open(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  });
}
