/** Programs that draw 60 frames a second: how many reach the screen, and what each of them costs. */
import { median, sampleOf, type Finding, type Sample } from "../report.ts";
import { stimulus, type System } from "../systems/system.ts";
import { besideTigerVnc } from "./beside-tigervnc.ts";
import type { Context, Measure } from "./measure.ts";

interface Case {
  kind: "scroll" | "noise";
  width: number;
  height: number;
}

const CASES: readonly Case[] = [
  { kind: "scroll", width: 800, height: 600 },
  { kind: "scroll", width: 1280, height: 800 },
  { kind: "noise", width: 800, height: 600 },
  { kind: "noise", width: 1280, height: 800 },
];
const NAMES = { scroll: "text that scrolls", noise: "noise" } as const;

const ROUNDS = { full: 3, quick: 1 };
const SECONDS = { full: 8, quick: 4 };
/** Until the programs, and whoever encodes their frames, run as they will go on. */
const WARM_UP_S = 2;
/** Bars of the text: frames a second, and processor time of a frame, as parts of the rival's. */
const FRAMES_AT_LEAST = 4;
const CPU_AT_MOST = 1 / 3;

export const animation: Measure = {
  name: "animation",
  run: async (context) =>
    besideTigerVnc(context, async (ours, theirs, version) => {
      const findings: Finding[] = [];
      for (const one of CASES) findings.push(...(await measure(one, ours, theirs, version, context)));
      return findings;
    }),
};

/** What one system did in one round. */
interface Round {
  framesPerS: number;
  /** Of guest and viewer together; Infinity where no frame came. */
  cpuMsPerFrame: number;
  cores: number;
  intervalsMs: number[];
}

async function measure(
  { kind, width, height }: Case,
  ours: System,
  theirs: System,
  version: string,
  { isQuick, say }: Context,
): Promise<Finding[]> {
  const name = `${NAMES[kind]} ${width}x${height}`;
  const mode = isQuick ? "quick" : "full";
  const rounds = new Map<System, Round[]>([
    [ours, []],
    [theirs, []],
  ]);
  for (let round = 1; round <= ROUNDS[mode]; round += 1) {
    // One animates while the other one's guest does nothing.
    for (const [system, done] of rounds) {
      const one = await look(system, { kind, width, height }, SECONDS[mode]);
      done.push(one);
      const figures = `${one.framesPerS.toFixed(1)} frames a second, ${one.cores.toFixed(2)} cores`;
      say(`${name}, round ${round} of ${ROUNDS[mode]}: ${system.name} ${figures}`);
    }
  }
  const [us = [], them = []] = rounds.values();
  const isBarred = kind === "scroll";
  return [
    {
      name: `${name}: shown`,
      unit: "fps",
      ours: median(us.map(({ framesPerS }) => framesPerS)),
      theirs: median(them.map(({ framesPerS }) => framesPerS)),
      against: "TigerVNC",
      bar: isBarred ? { atLeast: FRAMES_AT_LEAST } : null,
      note: `ms between pictures; TigerVNC ${version}, which loses detail`,
      samples: { ours: intervals(us), theirs: intervals(them) },
    },
    {
      name: `${name}: CPU of a picture`,
      unit: "ms",
      ours: median(us.map(({ cpuMsPerFrame }) => cpuMsPerFrame)),
      theirs: median(them.map(({ cpuMsPerFrame }) => cpuMsPerFrame)),
      against: "TigerVNC",
      bar: isBarred ? { atMost: CPU_AT_MOST } : null,
      note: `cores in use: ${median(us.map(({ cores }) => cores)).toFixed(2)} and ${median(them.map(({ cores }) => cores)).toFixed(2)}`,
    },
  ];
}

async function look(system: System, { kind, width, height }: Case, seconds: number): Promise<Round> {
  const window = await system.show(stimulus(kind, width, height));
  await system.screen.frames(window.content, WARM_UP_S);
  const before = system.cpuSeconds();
  const seen = await system.screen.frames(window.content, seconds);
  const cpuSeconds = system.cpuSeconds() - before;
  await window.close();
  return {
    framesPerS: seen.shown / seen.seconds,
    cpuMsPerFrame: (cpuSeconds * 1000) / seen.shown,
    cores: cpuSeconds / seen.seconds,
    intervalsMs: seen.intervalsMs,
  };
}

function intervals(rounds: readonly Round[]): Sample | null {
  const all = rounds.flatMap(({ intervalsMs }) => intervalsMs);
  return all.length === 0 ? null : sampleOf(all);
}
