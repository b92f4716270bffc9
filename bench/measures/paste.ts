/**
 * A paste from one VM into another: from the press of its keys to the first pixel of the text in an xterm, beside the same
 * where the text was copied in the xterm's own VM, which the host takes no part in.
 */
import { type Finding, sampleOf } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 5, quick: 2 };
const PRESSES = { full: 20, quick: 5 };
const WARM_UP_PRESSES = 5;
const TEXT = Buffer.from("34 characters of text to be pasted");
const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: a, to: b, decision: allow}
tests: []
`;
/** Its terminal echoes what is pasted, and never a line as a whole. */
const XTERM = {
  argv: [
    "xterm",
    ...["-bg", "white", "-fg", "black", "-fn", "fixed"],
    ...["-xrm", "*VT100.translations: #override Shift <Key>Insert: insert-selection(CLIPBOARD)"],
    ...["-e", "sh", "-c", "stty raw; cat > /dev/null"],
  ],
  width: 484,
  height: 316,
};
const TIMES_AT_MOST = 2;
const MORE_AT_MOST_MS = 20;

export const paste: Measure = { name: "paste", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const mode = isQuick ? "quick" : "full";
  const atoll = await Atoll.prepare(tools, { "policy.yaml": POLICY });
  try {
    await atoll.start();
    await atoll.startVm("a");
    await atoll.startVm("b");
    const terminal = await atoll.show("b", XTERM);
    const press = async (count: number) => atoll.screen.keys(terminal.content, count, "Shift+Insert");
    const [across, within] = [side("a"), side("b")];
    for (let round = 0; round <= ROUNDS[mode]; round += 1) {
      for (const one of [across, within]) {
        await atoll.command(TEXT, "clipboard", "put", one.from);
        await terminal.focus();
        await press(WARM_UP_PRESSES);
        if (round === 0) continue;
        const { ms, lost } = await press(PRESSES[mode]);
        one.ms.push(...ms);
        one.lost += lost;
        const median = sampleOf(ms).p50.toFixed(1);
        say(`paste, round ${round} of ${ROUNDS[mode]}: ${median} ms of what was copied in ${one.from}`);
      }
    }
    const [ours, limit] = [sampleOf(across.ms), sampleOf(within.ms)];
    return [
      {
        name: "paste of 34 characters from VM to VM",
        unit: "ms",
        ours: ours.p50,
        theirs: TIMES_AT_MOST * limit.p50 + MORE_AT_MOST_MS,
        against: `${TIMES_AT_MOST}x within one VM + ${MORE_AT_MOST_MS} ms`,
        bar: { atMost: 1 },
        samples: { ours, theirs: limit },
        note: `within one VM ${limit.p50.toFixed(1)} ms; lost: ${across.lost} and ${within.lost}`,
      },
    ];
  } finally {
    await atoll.close();
  }
}

/** Of what was copied there. */
function side(from: "a" | "b"): { from: "a" | "b"; ms: number[]; lost: number } {
  return { from, ms: [], lost: 0 };
}
