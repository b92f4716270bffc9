/** Tells when something in a folder has changed: for files that a person edits while the application runs. */
import fs from "node:fs";
import { log } from "./log.ts";

/** An editor writes a file in several steps: they count as one. */
const SETTLE_MS = 100;

/** Calls `changed` some time after the last of several changes. Returns a function that ends it. */
export function watchFolder(folder: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: fs.FSWatcher;
  try {
    watcher = fs.watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    });
  } catch (error) {
    // The system's watches are used up: edits count from the next start on.
    log(`${folder} is not watched: ${error instanceof Error ? error.message : String(error)}`);
    return () => undefined;
  }
  watcher.on("error", () => watcher.close());
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
