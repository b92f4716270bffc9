/** How much memory VMs may have together that are kept ready. */
import os from "node:os";
import type { KioskSettings } from "#shared/model/kiosk.ts";

/** Where nobody says anything: a quarter of the host's memory, and no more than all that there is to be kept ready takes, MiB. */
const MOST_MIB = 3_584;

/**
 * MiB. The settings say it, else the environment (for tests, and for measuring), else it follows from the host's memory.
 *
 * @param hostMiB all memory that the host has
 */
export function kioskLimitMiB(
  { memoryMiB }: KioskSettings,
  env: NodeJS.ProcessEnv = process.env,
  hostMiB = Math.floor(os.totalmem() / 1_048_576),
): number {
  if (memoryMiB !== null) return memoryMiB;
  const limit = env["ATOLL_KIOSKS_MIB"] ?? "";
  return /^\d{1,7}$/.test(limit) ? Number(limit) : Math.min(MOST_MIB, Math.floor(hostMiB / 4));
}
