/** From the start of the application to the windows of a VM that ran on while the desktop was closed. */
import { sampleOf, type Finding } from "../report.ts";
import { SCREEN } from "../screen.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

/** A background that nothing else on the screen has. */
const COLOUR = "c81e5a";
const FOOT = ["foot", "-o", `colors.background=${COLOUR}`] as const;
const ROUNDS = { full: 7, quick: 2 };
const TIMEOUT_S = 60;
/** What is promised, ms. */
const PROMISED_MS = 2_000;
const EVERYWHERE = { x: 0, y: 0, ...SCREEN };

export const back: Measure = { name: "back", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const atoll = await Atoll.prepare(tools);
  const times: number[] = [];
  try {
    await atoll.start();
    await atoll.command("vm", "start", "a", "--wait");
    await Promise.all([
      atoll.screen.await(EVERYWHERE, COLOUR, TIMEOUT_S),
      atoll.command("run", "a", "--wait-window", String(TIMEOUT_S), "--", ...FOOT),
    ]);
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    // One more than is counted: the first finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      await atoll.quit();
      const startedMs = Number(process.hrtime.bigint()) / 1e6;
      const shown = atoll.screen.await(EVERYWHERE, COLOUR, TIMEOUT_S);
      atoll.launch();
      const ms = (await shown) - startedMs;
      await atoll.answersNow();
      if (round === 0) continue;
      times.push(ms);
      say(`desktop and its windows back, round ${round} of ${rounds}: ${ms.toFixed(0)} ms`);
    }
  } finally {
    await atoll.close();
  }
  const sample = sampleOf(times);
  return [
    {
      name: "desktop and the windows of a VM that ran on",
      unit: "ms",
      ours: sample.p50,
      theirs: PROMISED_MS,
      against: "what is promised",
      bar: { atMost: 1 },
      samples: { ours: sample, theirs: null },
    },
  ];
}
