/**
 * What a hostile VM that takes all it can get leaves another one of its frames. Both agents are scripted: with guests, the
 * emulator's share of the processor would be what is measured.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ScriptedAgent } from "../../main/link/testing/scripted-agent.ts";
import type { Finding } from "../report.ts";
import { AnimatedAgent } from "../../main/link/testing/animated-agent.ts";
import { Atoll } from "../systems/atoll.ts";
import { FloodAgent } from "../../main/link/testing/flood-agent.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 10, quick: 2 };
const ROUND_MS = 2_000;
/** Until all windows have been drawn once. */
const SETTLE_MS = 3_000;

export const flood: Measure = { name: "flood", run };

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const atoll = await Atoll.prepare(tools);
  const agents: ScriptedAgent[] = [];
  try {
    await atoll.start();
    const connected = async (name: string): Promise<ScriptedAgent> => {
      const agent = await ScriptedAgent.listen();
      agents.push(agent);
      await atoll.attachScripted(name, agent);
      return agent;
    };
    const animated = new AnimatedAgent(await connected("animated"));
    const hostile = new FloodAgent(await connected("hostile"));
    await delay(SETTLE_MS, undefined, { signal });
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    const frames = { quiet: 0, flooded: 0 };
    for (let round = 0; round < rounds; round += 1) {
      say(`an animation alone and beside a flood, round ${round + 1} of ${rounds}`);
      frames.quiet += await animated.count(ROUND_MS, signal);
      hostile.start();
      frames.flooded += await animated.count(ROUND_MS, signal);
      hostile.stop();
    }
    const rate = (count: number): number => (count * 1000) / (rounds * ROUND_MS);
    return [
      {
        name: "an animation beside a VM that floods",
        unit: "fps",
        ours: rate(frames.flooded),
        theirs: rate(frames.quiet),
        against: "the same alone",
        bar: { atLeast: 0.9 },
        note: `${rounds} rounds of ${ROUND_MS / 1000} s each`,
      },
    ];
  } finally {
    for (const agent of agents) agent.close();
    await atoll.close();
  }
}
