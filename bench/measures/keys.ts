/** From a key's press to a changed pixel of the screen: in an xterm, and in a window that changes all of itself. */
import { sampleOf, type Finding } from "../report.ts";
import { middleOf, type KeyTimes, type Region } from "../screen.ts";
import { type Program, stimulus, type System, type Window } from "../systems/system.ts";
import { besideTigerVnc } from "./beside-tigervnc.ts";
import type { Context, Measure } from "./measure.ts";

interface Case {
  name: string;
  program: Program;
  /** Where the answer is seen. */
  watched(content: Region): Region;
  keys: readonly string[];
  atMost: number;
}

/** An xterm of 80 x 24 characters of its built-in font, whose terminal echoes. */
export const XTERM = {
  argv: ["xterm", "-bg", "white", "-fg", "black", "-fn", "fixed", "-e", "cat"],
  width: 484,
  height: 316,
};

const CASES: readonly Case[] = [
  {
    name: "key in xterm",
    program: XTERM,
    watched: firstLine,
    keys: ["a", "BackSpace"],
    atMost: 0.8,
  },
  {
    name: "key flips 800x600",
    program: stimulus("flip", 800, 600),
    watched: (content) => middleOf(content),
    keys: ["a"],
    atMost: 0.6,
  },
];

/** Where a letter is written into an xterm and taken back. */
export function firstLine({ x, y }: Region): Region {
  return { x, y, width: 200, height: 17 };
}

const ROUNDS = { full: 6, quick: 2 };
const PRESSES = { full: 30, quick: 10 };
/** The first presses of a window meet code that was never run before; both systems are spared them. */
const WARM_UP_PRESSES = 10;

export const keys: Measure = {
  name: "keys",
  run: async (context) =>
    besideTigerVnc(context, async (ours, theirs, version) => {
      const findings: Finding[] = [];
      for (const one of CASES) findings.push(await measure(one, ours, theirs, version, context));
      return findings;
    }),
};

async function measure(
  { name, program, watched, keys, atMost }: Case,
  ours: System,
  theirs: System,
  version: string,
  { isQuick, say }: Context,
): Promise<Finding> {
  const shown = [];
  for (const system of [ours, theirs]) {
    const window = await system.show(program);
    shown.push({ system, window, ms: [] as number[], lost: 0 });
  }
  const press = (system: System, window: Window, count: number): Promise<KeyTimes> =>
    system.screen.keys(watched(window.content), count, ...keys);
  for (const { system, window } of shown) await press(system, window, WARM_UP_PRESSES);
  const mode = isQuick ? "quick" : "full";
  for (let round = 1; round <= ROUNDS[mode]; round += 1) {
    for (const side of shown) {
      const { ms, lost } = await press(side.system, side.window, PRESSES[mode]);
      side.ms.push(...ms);
      side.lost += lost;
      say(`${name}, round ${round} of ${ROUNDS[mode]}: ${side.system.name} ${sampleOf(ms).p50.toFixed(1)} ms`);
    }
  }
  for (const { window } of shown) await window.close();
  const [us, them] = shown.map(({ ms }) => sampleOf(ms));
  if (us === undefined || them === undefined) throw new Error("two sides were measured");
  const lost = shown.map((side) => side.lost).join(" and ");
  return {
    name,
    unit: "ms",
    ours: us.p50,
    theirs: them.p50,
    against: "TigerVNC",
    bar: { atMost },
    samples: { ours: us, theirs: them },
    note: `TigerVNC ${version}${lost === "0 and 0" ? "" : `; lost presses: ${lost}`}`,
  };
}
