/** Typing in one VM while another one animates, and while it only works as hard. */
import { sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import { STIMULUS, stimulus } from "../systems/system.ts";
import { firstLine, XTERM } from "./keys.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 5, quick: 2 };
const PRESSES = { full: 30, quick: 10 };
const WARM_UP_PRESSES = 10;
const WARM_UP_S = 2;
const AT_MOST = 1.3;

export const typing: Measure = { name: "typing", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const mode = isQuick ? "quick" : "full";
  const atoll = await Atoll.prepare(tools);
  try {
    await atoll.start();
    await atoll.startVm("a");
    await atoll.startVm("b");
    const terminal = await atoll.show("b", XTERM, { x: 1000, y: 80 });
    const press = async (count: number): Promise<number[]> => {
      await terminal.focus();
      return (await atoll.screen.keys(firstLine(terminal.content), count, "a", "BackSpace")).ms;
    };
    await press(WARM_UP_PRESSES);
    const beside = { animation: [] as number[], work: [] as number[] };
    const busy = { animation: 0, work: 0 };
    for (let round = 1; round <= ROUNDS[mode]; round += 1) {
      const window = await atoll.show("a", stimulus("scroll", 800, 600));
      await atoll.screen.frames(window.content, WARM_UP_S);
      const animating = await coresOf(
        () => atoll.qemuCpuSeconds("a"),
        async () => press(PRESSES[mode]),
      );
      await window.close();
      beside.animation.push(...animating.value);
      busy.animation += animating.cores / ROUNDS[mode];

      // As much of the processor as the guest has just had.
      const percent = Math.round(animating.cores * 100);
      const stop = await atoll.startBackground("a", STIMULUS, "burn", String(Math.min(100, percent)));
      const working = await coresOf(
        () => atoll.qemuCpuSeconds("a"),
        async () => press(PRESSES[mode]),
      );
      await stop();
      beside.work.push(...working.value);
      busy.work += working.cores / ROUNDS[mode];
      const figures = [animating.value, working.value].map((ms) => sampleOf(ms).p50.toFixed(1)).join(" and ");
      say(`typing, round ${round} of ${ROUNDS[mode]}: ${figures} ms beside an animation and beside work`);
    }
    const [us, them] = [sampleOf(beside.animation), sampleOf(beside.work)];
    return [
      {
        name: "typing in B while A animates",
        unit: "ms",
        ours: us.p95,
        theirs: them.p95,
        against: "A works unseen",
        bar: { atMost: AT_MOST },
        samples: { ours: us, theirs: them },
        note: `p95; cores that A used: ${busy.animation.toFixed(2)} and ${busy.work.toFixed(2)}`,
      },
    ];
  } finally {
    await atoll.close();
  }
}

async function coresOf<Value>(
  cpuSeconds: () => number,
  work: () => Promise<Value>,
): Promise<{ value: Value; cores: number }> {
  const [startedMs, before] = [performance.now(), cpuSeconds()];
  const value = await work();
  return { value, cores: ((cpuSeconds() - before) * 1000) / (performance.now() - startedMs) };
}
