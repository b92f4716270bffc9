/** `atoll desktop` where none is open: starts the desktop of this checkout, or of the package that we are in, and stays until it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { boundToUs } from "../../base/bound-child.ts";
import { resolvePaths } from "../../base/paths.ts";
import { LAUNCH_FILE, writeLaunchFile } from "../launch/launch-file.ts";
import { EXIT } from "./output.ts";

/**
 * Resolves with its exit code.
 *
 * @param root of the checkout
 * @param items to open in it; where another one opens at this moment, it gets them
 */
export function openDesktop(root: string, items: readonly LaunchItem[] = []): Promise<number> {
  const launchFile = items.length === 0 ? undefined : writeLaunchFile(resolvePaths(), items);
  return new Promise<number>((resolve) => {
    const env = {
      ...process.env,
      ...absolute("ATOLL_HOME"),
      ...absolute("ATOLL_CACHE"),
      [LAUNCH_FILE]: launchFile,
    };
    const child = isPackaged() ? startPackaged(env) : startCheckout(root, env);
    const terminate = (): void => void child.kill("SIGTERM");
    // Ctrl+C: the terminal has sent SIGINT to our whole process group.
    const interrupt = isPackaged() ? (): void => void child.kill("SIGINT") : (): void => undefined;
    process.on("SIGTERM", terminate);
    process.on("SIGINT", interrupt);
    child.on("close", (code) => {
      process.off("SIGTERM", terminate);
      process.off("SIGINT", interrupt);
      resolve(code ?? EXIT.failed);
    });
  }).finally(() => {
    // It is still there where the desktop did not start.
    if (launchFile !== undefined) fs.rmSync(launchFile, { force: true });
  });
}

/** There is no Node in a package but its own executable: see bin/atoll-packed. */
function isPackaged(): boolean {
  return process.versions["electron"] !== undefined;
}

/** In a process group of its own, as scripts/start.mjs does: a signal reaches it once, through us, and it ends with us. */
function startPackaged(env: NodeJS.ProcessEnv): ChildProcess {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const [command, args] = boundToUs("TERM", process.execPath, sandbox);
  return spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
    env: { ...env, ELECTRON_RUN_AS_NODE: undefined },
  });
}

/** In our process group, with our terminal: set-up may ask for a password. */
function startCheckout(root: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [path.join(root, "scripts/start.mjs")], { stdio: "inherit", cwd: root, env });
}

/** A relative path would be another one from where the desktop runs. */
function absolute(name: string): NodeJS.ProcessEnv {
  const value = process.env[name];
  return value === undefined || value === "" ? {} : { [name]: path.resolve(value) };
}
