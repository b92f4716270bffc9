/**
 * A lock between processes that a crash cannot leave behind: flock(2) on an open file. Node has no flock; the program
 * flock(1) locks the open file that it inherits, which stays locked until the last process that has it open closes it.
 * So a build that lives on after its starter was killed keeps the lock too, when it inherits the descriptor.
 */
import { open } from "node:fs/promises";
import { runGroup } from "./process-group.ts";

export interface FileLock {
  /** To be inherited by what works under the lock. Whoever reads it finds it empty. */
  fd: number;
  release(): Promise<void>;
}

/** @returns null when another process has it */
export async function tryLock(path: string): Promise<FileLock | null> {
  return lock(path, ["--nonblock"]);
}

/** Waits for as long as another process has it. */
export async function waitForLock(path: string, signal?: AbortSignal): Promise<FileLock> {
  const held = await lock(path, [], signal);
  if (held === null) throw new Error(`cannot lock ${path}`);
  return held;
}

async function lock(path: string, options: readonly string[], signal?: AbortSignal): Promise<FileLock | null> {
  const file = await open(path, "a+", 0o600);
  try {
    const code = await runGroup({
      command: "flock",
      args: ["--exclusive", ...options, "3"],
      inherited: [file.fd],
      signal,
    });
    if (code === 0) return { fd: file.fd, release: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return null;
}
