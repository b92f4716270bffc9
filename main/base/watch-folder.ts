/** Watches a folder: for files that a person edits while the application runs. */
import fs from "node:fs";
import { log } from "./log.ts";
import { messageOf } from "#shared/model/app-error.ts";

/** An editor writes a file in several steps: changes within this time count as one. */
const SETTLE_MS = 100;
/** Changes that do not end, such as those of a download, are reported after this time. */
const LATEST_MS = 1_000;
/** What cannot be watched is tried again, and looked at, after this time. */
const AGAIN_MS = 5_000;

/**
 * Calls `changed` 100 ms after the last of several changes, and each second while they do not end; where the system does not tell of
 * them, every 5 s, whether there were any or not. Returns a function that ends the watch.
 */
export function watchFolder(folder: string, changed: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  let latest: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let watcher: fs.FSWatcher | undefined;
  let lastReason = "";
  let watched = "";
  const settle = (): void => {
    clearTimeout(settling);
    settling = setTimeout(settled, SETTLE_MS);
    latest ??= setTimeout(settled, LATEST_MS);
  };
  /** The system tells of the folder that was there when the watch began: another one may have taken its place. */
  const settled = (): void => {
    clearTimeout(settling);
    clearTimeout(latest);
    latest = undefined;
    if (identityOf(folder) !== watched) {
      watcher?.close();
      begin();
    }
    changed();
  };
  /** Out of inotify watches, or the folder is not there. */
  const failed = (error: unknown): void => {
    watcher?.close();
    const reason = messageOf(error);
    if (reason !== lastReason)
      log(`${folder} is not watched, so edits are looked for every ${AGAIN_MS / 1000} s: ${reason}`);
    lastReason = reason;
    clearTimeout(again);
    again = setTimeout(() => {
      begin();
      settle();
    }, AGAIN_MS);
    again.unref();
  };
  const begin = (): void => {
    watched = identityOf(folder);
    try {
      watcher = fs.watch(folder, settle);
      watcher.on("error", failed);
    } catch (error) {
      failed(error);
    }
  };
  begin();
  return () => {
    clearTimeout(settling);
    clearTimeout(latest);
    clearTimeout(again);
    watcher?.close();
  };
}

/** "" where there is none that can be seen. The number of an inode alone is given to the next folder soon. */
function identityOf(folder: string): string {
  try {
    const { dev, ino, birthtimeMs } = fs.statSync(folder);
    return `${dev} ${ino} ${birthtimeMs}`;
  } catch {
    return "";
  }
}
