/**
 * QEMU's share of the host: less than the desktop's, so that a guest that never rests costs the others little. The scheduler's
 * niceness is everywhere; where systemd has a manager for this user, a scope of its own also bounds QEMU's memory.
 */
import { execFile } from "node:child_process";

/** A third of the processor time of a program that nobody has changed, when both want all. */
export const NICENESS = 5;
/** Of 100, which other programs of the user have together. */
const CPU_WEIGHT = 20;
/** What QEMU needs beside the guest's memory; files that it has read are given back before the bound is met. */
const OVERHEAD_MIB = 512;
const PROBE_TIMEOUT_MS = 5_000;

/** What of a scope this host can do. */
export interface ScopeProbe {
  /** Limits that hold: "CPUWeight", "MemoryMax"; none = no scope is used. */
  limits: readonly string[];
  /** Why not all hold; "" where they do. */
  failure: string;
}

/** Words before a program that put it into a scope, with the bounds of a VM of so much memory. @see systemd-run(1) */
export function scopeWords(memoryMiB: number): string[] {
  return [
    ...["systemd-run", "--user", "--scope", "--quiet", "--collect"],
    ...[`--property=CPUWeight=${CPU_WEIGHT}`, `--property=MemoryMax=${memoryMiB + OVERHEAD_MIB}M`, "--"],
  ];
}

/** The manager is reached by these. */
export const MANAGER_VARIABLES = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;

let known: Promise<ScopeProbe> | null = null;

/** Asked once for each run of the application. */
export function probeScope(): Promise<ScopeProbe> {
  known ??= tryScope();
  return known;
}

/** Names the limits that the kernel has for the scope: a user's manager may have been given no controllers. */
const READ_LIMITS = `folder=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ -e "$folder/cpu.weight" ] && echo CPUWeight
[ -e "$folder/memory.max" ] && echo MemoryMax
exit 0`;

export function tryScope(): Promise<ScopeProbe> {
  const [program, ...words] = [...scopeWords(0), "/bin/sh", "-c", READ_LIMITS];
  return new Promise((resolve) => {
    execFile(program, words, { timeout: PROBE_TIMEOUT_MS }, (error, output, errors) => {
      if (error !== null) {
        const reason = error.code === "ENOENT" ? "systemd-run is not installed" : errors.trim().split("\n")[0];
        return resolve({ limits: [], failure: reason || error.message });
      }
      const limits = output.split("\n").filter((line) => line !== "");
      resolve({ limits, failure: limits.length === 2 ? "" : "systemd's manager of this user has not all controllers" });
    });
  });
}
