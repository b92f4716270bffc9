/**
 * Typing in one VM while another one animates: how long the keys take, beside the same while the other one only works as
 * hard; and how much of the animation is shown meanwhile, beside the same animation while nobody types.
 */
import { median, sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import { STIMULUS, stimulus } from "../systems/system.ts";
import { firstLine, XTERM } from "./keys.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 5, quick: 2 };
const PRESSES = { full: 30, quick: 10 };
const WARM_UP_PRESSES = 10;
const WARM_UP_S = 2;
/** Shorter than a press takes (the probe's mean gap, and the response), so that frames are counted only while keys come. */
const COUNTED_S_PER_PRESS = 0.14;
const KEYS_AT_MOST = 1.6;
const FRAMES_AT_LEAST = 0.5;

export const typing: Measure = { name: "typing", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const mode = isQuick ? "quick" : "full";
  const atoll = await Atoll.prepare(tools);
  try {
    await atoll.start();
    await atoll.startVm("a");
    await atoll.startVm("b");
    const terminal = await atoll.show("b", XTERM, { x: 1000, y: 80 });
    const press = async (count: number): Promise<number[]> =>
      (await atoll.screen.keys(firstLine(terminal.content), count, "a", "BackSpace")).ms;
    const countedS = PRESSES[mode] * COUNTED_S_PER_PRESS;
    await terminal.focus();
    await press(WARM_UP_PRESSES);
    const beside = { animation: [] as number[], work: [] as number[] };
    const busy = { animation: 0, work: 0 };
    const shown = { alone: [] as number[], typing: [] as number[] };
    for (let round = 1; round <= ROUNDS[mode]; round += 1) {
      const window = await atoll.show("a", stimulus("scroll", 800, 600));
      await atoll.screen.frames(window.content, WARM_UP_S);
      const framesPerS = async (): Promise<number> => {
        const seen = await atoll.screen.frames(window.content, countedS);
        return seen.shown / seen.seconds;
      };
      await terminal.focus();
      const alone = await framesPerS();
      const animating = await coresOf(
        () => atoll.qemuCpuSeconds("a"),
        async () => Promise.all([press(PRESSES[mode]), framesPerS()]),
      );
      const [animatingMs, whileTyping] = animating.value;
      await window.close();
      beside.animation.push(...animatingMs);
      shown.alone.push(alone);
      shown.typing.push(whileTyping);
      busy.animation += animating.cores / ROUNDS[mode];

      // As much of the processor as the guest has just had.
      const percent = Math.round(animating.cores * 100);
      await terminal.focus();
      const stop = await atoll.startBackground("a", STIMULUS, "burn", String(Math.min(100, percent)));
      const working = await coresOf(
        () => atoll.qemuCpuSeconds("a"),
        async () => press(PRESSES[mode]),
      );
      await stop();
      beside.work.push(...working.value);
      busy.work += working.cores / ROUNDS[mode];
      const ms = [animatingMs, working.value].map((times) => sampleOf(times).p50.toFixed(1)).join(" and ");
      const fps = [whileTyping, alone].map((rate) => rate.toFixed(1)).join(" and ");
      say(`typing, round ${round} of ${ROUNDS[mode]}: ${ms} ms beside an animation and beside work`);
      say(`  ${fps} frames a second while somebody types and while nobody does`);
    }
    const [us, them] = [sampleOf(beside.animation), sampleOf(beside.work)];
    return [
      {
        name: "typing in B while A animates",
        unit: "ms",
        ours: us.p95,
        theirs: them.p95,
        against: "A works unseen",
        bar: { atMost: KEYS_AT_MOST },
        samples: { ours: us, theirs: them },
        note: `p95; cores that A used: ${busy.animation.toFixed(2)} and ${busy.work.toFixed(2)}`,
      },
      {
        name: "animation in A while B is typed in: shown",
        unit: "fps",
        ours: median(shown.typing),
        theirs: median(shown.alone),
        against: "nobody types",
        bar: { atLeast: FRAMES_AT_LEAST },
        samples: { ours: sampleOf(shown.typing), theirs: sampleOf(shown.alone) },
        note: "text that scrolls, 800x600; n are rounds",
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
