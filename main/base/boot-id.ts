/** Which boot of this host it is: what was found out or started in an earlier one is void. */
import fsp from "node:fs/promises";

/** @see proc(5), /proc/sys/kernel/random/boot_id */
export async function bootId(): Promise<string> {
  return (await fsp.readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
