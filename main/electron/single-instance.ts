/** One application for each home, as Chromium's lock has it: a start that finds another one gives it what to open. */
import { app } from "electron";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import type { Launches } from "../desktop/launches.ts";
import { itemsOfPart, launchParts } from "../control/launch/launch-parts.ts";

/** Chromium's: a symbolic link to "HOST-PID". */
const LOCK = "SingletonLock";

/**
 * Whether another application has taken all of them. Until then what it gives by the lock goes to `launches`, and what others
 * give does so from then on.
 *
 * Being refused the lock is not enough: Chromium also refuses where it cannot make its files, and the control socket decides
 * in the end who is alone (main/control/server.ts).
 */
export function handOver(items: readonly LaunchItem[], launches: Launches): boolean {
  app.on("second-instance", (_event, _words, _folder, data) => launches.add(itemsOfPart(data)));
  forgetOtherHosts();
  const parts = launchParts(items);
  const own = parts.findIndex((part) => app.requestSingleInstanceLock(part) || !isHeld());
  if (own < 0) return items.length > 0;
  launches.add(parts.slice(own).flatMap(itemsOfPart));
  return false;
}

/** What a crash left behind before the computer got another name would be respected for ever. */
function forgetOtherHosts(): void {
  const holder = holderOf();
  if (holder !== null && holder.host !== os.hostname()) fs.rmSync(lockPath(), { force: true });
}

function isHeld(): boolean {
  const holder = holderOf();
  return holder !== null && fs.existsSync(`/proc/${holder.pid}`);
}

function holderOf(): { host: string; pid: number } | null {
  try {
    const [, host = "", pid] = /^(.*)-(\d+)$/.exec(fs.readlinkSync(lockPath())) ?? [];
    return pid === undefined ? null : { host, pid: Number(pid) };
  } catch {
    return null; // nobody has it
  }
}

function lockPath(): string {
  return path.join(app.getPath("userData"), LOCK);
}
