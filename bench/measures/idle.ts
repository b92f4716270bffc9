/** What the application takes of the processor while nobody does anything. */
import { setTimeout as delay } from "node:timers/promises";
import type { Finding } from "../report.ts";
import { Atoll, type VmName } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const SECONDS = { full: 30, quick: 10 };
/** Until the programs have drawn themselves and the guests have booted to their end. */
const SETTLE_S = 15;
/** Of one core. */
const LIMIT_PERCENT = 3;
const WINDOWS: readonly [VmName, string][] = [
  ["a", "foot"],
  ["a", "xterm"],
  ["b", "foot"],
  ["b", "mousepad"],
];

export const idle: Measure = { name: "idle", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const atoll = await Atoll.prepare(tools);
  try {
    await atoll.start();
    await atoll.startVm("a");
    await atoll.startVm("b");
    for (const [at, [vm, program]] of WINDOWS.entries())
      await atoll.show(vm, { argv: [program], width: 0, height: 0 }, { x: 40 + at * 200, y: 80 + at * 60 });
    say("two VMs and four windows, nobody does anything");
    await delay(SETTLE_S * 1000, undefined, { signal: tools.signal });
    const seconds = isQuick ? SECONDS.quick : SECONDS.full;
    const [before, startedMs] = [atoll.appCpuSeconds(), performance.now()];
    await delay(seconds * 1000, undefined, { signal: tools.signal });
    const percent = ((atoll.appCpuSeconds() - before) * 100_000) / (performance.now() - startedMs);
    return [
      {
        name: "idle with two VMs and four windows",
        unit: "% of a core",
        ours: percent,
        theirs: LIMIT_PERCENT,
        against: "a limit",
        bar: { atMost: 1 },
        note: `the application's processes, ${seconds} s`,
      },
    ];
  } finally {
    await atoll.close();
  }
}
