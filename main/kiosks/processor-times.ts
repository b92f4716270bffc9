/** How much the processors of a guest have to do, by its word: pure. */

export interface ProcessorTimes {
  readonly processors: number;
  /** Of all of them since the boot, in ticks of its clock: all of it, and what nothing was done in. */
  readonly all: number;
  readonly idle: number;
}

/** Of a text of /proc/stat: the lines of processors are its first ones. */
export const MAX_STAT_BYTES = 16_384;
const MAX_PROCESSORS = 128;
/** user, nice, system, idle, iowait, irq, softirq, steal; what comes then is a part of the first two. */
const FIELDS = 8;
const IDLE = 3;
/** So many digits that the sum of all is still exact. */
const LINE = /^cpu\d{1,4}((?: \d{1,12}){8,16})$/;

/** How much of one processor may be in use, for all of them to count as idle: a program that waits still looks at its clocks. */
const MAX_BUSY = 0.25;

/** @returns null: it is no such text */
export function processorTimes(untrustedText: Uint8Array): ProcessorTimes | null {
  if (untrustedText.length > MAX_STAT_BYTES) return null;
  const [, ...lines] = Buffer.from(untrustedText).toString("latin1").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("cpu"));
  const processors = end < 0 ? lines : lines.slice(0, end);
  if (processors.length === 0 || processors.length > MAX_PROCESSORS) return null;
  let [all, idle] = [0, 0];
  for (const line of processors) {
    const fields = LINE.exec(line)?.[1]?.trim().split(" ").map(Number).slice(0, FIELDS);
    if (fields === undefined) return null;
    for (const field of fields) all += field;
    idle += fields[IDLE] ?? 0;
  }
  return { processors: processors.length, all, idle };
}

/** Whether they had next to nothing to do between the two. What is waited for at a disk is something to do. */
export function wereIdle(before: ProcessorTimes | null, after: ProcessorTimes | null): boolean {
  if (before === null || after === null || before.processors !== after.processors) return false;
  const all = after.all - before.all;
  const idle = after.idle - before.idle;
  if (all <= 0 || idle < 0 || idle > all) return false;
  return all - idle <= (all / after.processors) * MAX_BUSY;
}
