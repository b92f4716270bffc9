/**
 * What `atoll desktop FILE...` wants opened, on its way into the application that it starts: a file of the private run folder,
 * named by the environment. A command line would not do: Chromium takes words of it for its own options and sorts them anew.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { makePrivateFolder, type Paths } from "../../base/paths.ts";
import { itemsOfJson } from "./launch-parts.ts";

/** In the environment of the application. */
export const LAUNCH_FILE = "ATOLL_LAUNCH_FILE";

/** Its path. Who reads it takes it away. */
export function writeLaunchFile({ run }: Paths, items: readonly LaunchItem[]): string {
  makePrivateFolder(run);
  const file = path.join(run, `launch-${randomUUID()}.json`);
  fs.writeFileSync(file, JSON.stringify(items), { mode: 0o600 });
  return file;
}

/** Takes the file away, and its name out of `environment`, which other programs would inherit. */
export function takeLaunchFile(environment: NodeJS.ProcessEnv): LaunchItem[] {
  const file = environment[LAUNCH_FILE];
  delete environment[LAUNCH_FILE];
  if (file === undefined || file === "") return [];
  try {
    const text = fs.readFileSync(file, "utf8");
    fs.rmSync(file);
    return itemsOfJson(text);
  } catch {
    return []; // taken already: an environment that somebody kept
  }
}
