/** Identifies the current boot of the host: results and processes of an earlier one are no longer valid. */
import fsp from "node:fs/promises";

/** @see proc(5), /proc/sys/kernel/random/boot_id */
export async function bootId(): Promise<string> {
  return (await fsp.readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
