/** This application's own program: the parts that it starts must be of the same version as it is itself. */
import { app } from "electron";
import { spawn } from "node:child_process";
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import { withoutInherited } from "../base/close-inherited.ts";
import { isReplaced } from "../base/replaced-program.ts";
import { watchFolder } from "../base/watch-folder.ts";

/** @throws AppError desktop.replaced: another version was installed since, and the files of this one are gone */
export function requireOwnProgram(): void {
  if (!isReplaced()) return;
  throw new AppError(
    "desktop.replaced",
    "Atoll was updated, and its former version, which still runs, can start nothing more: restart Atoll. VMs that run go on.",
  );
}

/** Calls `replaced` once. Returns a function that ends the watch. */
export function watchOwnProgram(replaced: () => void): () => void {
  const unwatch = watchFolder(path.dirname(process.execPath), () => {
    if (!isReplaced()) return;
    unwatch();
    replaced();
  });
  return unwatch;
}

/**
 * Starts the application that is installed now, in place of this one, which ends next. Not by Electron's `relaunch`: its helper is a
 * process of the former program with files of the new one.
 */
export function startAgain(): void {
  app.releaseSingleInstanceLock();
  const [command, args] = withoutInherited([], [process.execPath, ...process.argv.slice(1)]);
  spawn(command, args, { detached: true, stdio: "ignore" }).unref();
}
