/** Watches a folder: for files that a person edits while the application runs. */
import fs from "node:fs";
import { log } from "./log.ts";
import { messageOf } from "#shared/model/app-error.ts";

/** An editor writes a file in several steps: changes within this time count as one. */
const SETTLE_MS = 100;
/** What cannot be watched is tried again, and looked at, after this time. */
const AGAIN_MS = 5_000;

/**
 * Calls `changed` 100 ms after the last of several changes; where the system does not tell of them, every 5 s, whether there were
 * any or not. A folder that is removed, or put in the place of another, is waited for. Returns a function that ends the watch.
 */
export function watchFolder(folder: string, changed: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let watcher: fs.FSWatcher | undefined;
  let watched: string | undefined;
  let said = "";
  const settle = (): void => {
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS);
  };
  /** Out of inotify watches, or the folder is not there. */
  const failed = (error: unknown): void => {
    watcher?.close();
    const reason = messageOf(error);
    if (reason !== said) log(`${folder} is not watched, so edits are looked for every ${AGAIN_MS / 1000} s: ${reason}`);
    said = reason;
    clearTimeout(again);
    again = setTimeout(() => {
      begin();
      settle();
    }, AGAIN_MS);
    again.unref();
  };
  const begin = (): void => {
    try {
      // Before the watch: one that comes in its place meanwhile is another one.
      watched = identityOf(folder);
      watcher = fs.watch(folder, happened);
      watcher.on("error", failed);
    } catch (error) {
      failed(error);
    }
  };
  const happened = (): void => {
    settle();
    // The system tells of what it watches, which is a folder and no path.
    if (identityOf(folder) !== watched) failed(new Error("it was removed, or another one is in its place"));
  };
  begin();
  return () => {
    clearTimeout(settling);
    clearTimeout(again);
    watcher?.close();
  };
}

/** undefined: there is none that can be reached. */
function identityOf(folder: string): string | undefined {
  try {
    const { dev, ino } = fs.statSync(folder);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}
