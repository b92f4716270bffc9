/**
 * Files from one VM to another: a large one beside as many bytes by one stream of each VM; many small ones, and what is left of
 * the frames of an animation meanwhile. The animated agent is scripted: with a guest, the emulator's share of the processor would
 * be what is measured.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ScriptedAgent } from "../../main/link/testing/scripted-agent.ts";
import { type Finding, median } from "../report.ts";
import { AnimatedAgent } from "../../main/link/testing/animated-agent.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";
import { rawStreamMs } from "./raw-stream.ts";

const ROUNDS = { full: 5, quick: 1 };
const LARGE_BYTES = 64 * 1024 * 1024;
const SMALL_FILES = 2_000;
const SMALL_BYTES = 2_048;
/** What is promised, files a second. */
const SMALL_PER_S = 500;
const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: file.send, from: a, to: b, decision: allow}
tests: []
`;
/** Each file has a content of its own: none is one that the target has. */
const MAKE = `head -c ${LARGE_BYTES} /dev/urandom > large
mkdir small && head -c ${SMALL_FILES * SMALL_BYTES} /dev/urandom | split -b ${SMALL_BYTES} -a 4 - small/`;

export const files: Measure = { name: "files", run };

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
  const atoll = await Atoll.prepare(tools, { "policy.yaml": POLICY });
  const agent = await ScriptedAgent.listen();
  try {
    await atoll.start();
    await atoll.attachScripted("animated", agent);
    await atoll.command("vm", "start", "a", "--wait");
    await atoll.command("vm", "start", "b", "--wait");
    await atoll.command("exec", "a", "--", "sh", "-ec", MAKE);
    const large = await sendLarge(atoll, rounds, say);
    const animated = new AnimatedAgent(agent);
    return [large, ...(await sendSmall(atoll, animated, rounds, say, signal))];
  } finally {
    agent.close();
    await atoll.close();
  }
}

async function sendLarge(atoll: Atoll, rounds: number, say: Context["say"]): Promise<Finding> {
  const [sent, streamed]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const fileMs = 1000 * (await copy(atoll, "large", round));
    const streamMs = await rawStreamMs(atoll, LARGE_BYTES);
    say(`64 MiB, round ${round} of ${rounds}: ${fileMs.toFixed(0)} and ${streamMs.toFixed(0)} ms`);
    if (round === 0) continue;
    sent.push(fileMs);
    streamed.push(streamMs);
  }
  const rate = (ms: number): number => (LARGE_BYTES / 1024 / 1024 / ms) * 1000;
  return {
    name: "a file of 64 MiB from VM to VM",
    unit: "MiB/s",
    ours: rate(median(sent)),
    theirs: rate(median(streamed)),
    against: "one raw stream of each VM",
    bar: { atLeast: 0.6 },
    note: "listed, hashed on both sides, and on the target's disk",
  };
}

async function sendSmall(
  atoll: Atoll,
  animated: AnimatedAgent,
  rounds: number,
  say: Context["say"],
  signal: AbortSignal,
): Promise<Finding[]> {
  const [perSecond, alone, beside]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round += 1) {
    const { result: seconds, framesPerS } = await animated.during(copy(atoll, "small", round));
    const { framesPerS: quiet } = await animated.during(delay(seconds * 1000, undefined, { signal }));
    const rate = SMALL_FILES / seconds;
    say(
      `small files, round ${round} of ${rounds}: ${rate.toFixed(0)} a second, ${framesPerS.toFixed(1)} and ${quiet.toFixed(1)} fps`,
    );
    if (round === 0) continue;
    perSecond.push(rate);
    beside.push(framesPerS);
    alone.push(quiet);
  }
  return [
    {
      name: `${SMALL_FILES} files of 2 KiB from VM to VM`,
      unit: "files/s",
      ours: median(perSecond),
      theirs: SMALL_PER_S,
      against: "what is promised",
      bar: { atLeast: 1 },
    },
    {
      name: "an animation beside small files on their way",
      unit: "fps",
      ours: median(beside),
      theirs: median(alone),
      against: "the same alone",
      bar: { atLeast: 0.9 },
    },
  ];
}

/** Seconds that a transfer from a to b took, into a folder of its own. */
async function copy(atoll: Atoll, name: string, round: number): Promise<number> {
  const told = await atoll.command("cp", "--json", `a:${name}`, `b:round-${round}/`);
  return (JSON.parse(told) as { seconds: number }).seconds;
}
