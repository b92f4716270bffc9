/** Watches a folder: for files that a person edits while the application runs. */
import fs from "node:fs";
import { log } from "./log.ts";
import { messageOf } from "#shared/model/app-error.ts";

/** An editor writes a file in several steps: changes within this time count as one. */
const SETTLE_MS = 100;

/** Calls `changed` 100 ms after the last of several changes. Returns a function that ends the watch. */
export function watchFolder(folder: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: fs.FSWatcher;
  try {
    watcher = fs.watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    });
  } catch (error) {
    // Out of inotify watches: edits are read at the next start.
    log(`${folder} is not watched: ${messageOf(error)}`);
    return () => undefined;
  }
  watcher.on("error", () => watcher.close());
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
