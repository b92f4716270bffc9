/** Processor time of processes, from /proc. */
import fs from "node:fs";

/** Linux tells user space in hundredths of a second, whatever the kernel's own tick. @see proc_pid_stat(5), sysconf(_SC_CLK_TCK) */
const TICKS_PER_S = 100;

interface ProcessStat {
  pid: number;
  parent: number;
  seconds: number;
}

/** Fields of /proc/PID/stat; the name may hold blanks and brackets, and ends with the last bracket. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { pid: Number.parseInt(text, 10), parent: Number(fields[1]), seconds: ticks / TICKS_PER_S };
}

/** `roots` and all that they have started and that still run, but for `apart` and what those have started. */
export function family(
  all: readonly ProcessStat[],
  roots: readonly number[],
  apart: readonly number[] = [],
): ProcessStat[] {
  const found = all.filter(({ pid }) => roots.includes(pid));
  for (const { pid } of found)
    found.push(...all.filter((one) => one.parent === pid && !found.includes(one) && !apart.includes(one.pid)));
  return found;
}

/** Seconds that the processes and their descendants have used so far, each once; a process that has ended counts no more. */
export function cpuSeconds(roots: readonly number[], apart: readonly number[] = []): number {
  return family(everyProcess(), roots, apart).reduce((sum, { seconds }) => sum + seconds, 0);
}

function everyProcess(): ProcessStat[] {
  return fs.readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [parseStat(fs.readFileSync(`/proc/${name}/stat`, "utf8"))];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
