/** Whether the host has memory for another VM. */
import fsp from "node:fs/promises";
import { AppError } from "#shared/model/app-error.ts";

/** What is left to the host and to the VMs that run already, MiB. */
const RESERVE_MIB = 256;

/**
 * MiB that programs can be given without swapping, as the kernel estimates it.
 *
 * @param text of /proc/meminfo
 * @returns null where it does not say so
 */
export function availableMiB(text: string): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? null : Math.floor(Number(kib) / 1024);
}

/**
 * @param neededMiB what the VM takes when it begins
 * @param free MiB; null: unknown, and then nothing is refused
 * @throws AppError disposable.no-memory
 */
export function checkMemory(neededMiB: number, free: number | null): void {
  if (free === null || free >= neededMiB + RESERVE_MIB) return;
  throw new AppError(
    "disposable.no-memory",
    `There is too little memory for another disposable: it needs ${neededMiB} MiB beside ${RESERVE_MIB} MiB for what runs already, and ${free} MiB are free. Stop a VM or close programs, then try again.`,
    { neededMiB, reserveMiB: RESERVE_MIB, freeMiB: free },
  );
}

/** MiB; null where the kernel does not say. */
export async function freeMemoryMiB(): Promise<number | null> {
  return availableMiB(await fsp.readFile("/proc/meminfo", "utf8").catch(() => ""));
}
