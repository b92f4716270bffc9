/** Whether a program that runs is still the one that is installed. */
import fs from "node:fs";

/**
 * A package that is installed puts its files in the place of those before; a process keeps its own program, whose name the kernel
 * then ends with this.
 *
 * @param exe of the process: a link of /proc
 */
export function isReplaced(exe = "/proc/self/exe"): boolean {
  try {
    return fs.readlinkSync(exe).endsWith(" (deleted)");
  } catch {
    return false; // a system without /proc, where nobody knows
  }
}
