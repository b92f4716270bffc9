/**
 * Pastes from one VM into another. A short text: from the press of the keys to its first pixel in an xterm, beside the same
 * where it was copied in the xterm's own VM, which the host takes no part in. A long one: until an X11 program has all of it,
 * beside as many bytes by one stream of each VM: out of the one, through two commands, into the other. A picture, which is
 * decoded and encoded again on its way: until an X11 program has all of it.
 */
import { randomBytes } from "node:crypto";
import { PNG } from "pngjs";
import { type Finding, sampleOf } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import { stimulus } from "../systems/system.ts";
import type { Context, Measure } from "./measure.ts";
import { rawStreamMs } from "./raw-stream.ts";

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
const LONG_BYTES = 16 * 1024 * 1024;
const LONG_ROUNDS = { full: 5, quick: 1 };
const LONG_TIMEOUT_S = 60;
/** Of noise, which no PNG makes smaller: 8 MB. */
const PICTURE = { width: 1640, height: 1630 };
const PICTURE_ROUNDS = { full: 10, quick: 2 };
const PICTURE_AT_MOST_MS = 1_000;
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
    return [await short(atoll, mode, say), await long(atoll, mode, say), await picture(atoll, mode, say)];
  } finally {
    await atoll.close();
  }
}

async function short(atoll: Atoll, mode: "full" | "quick", say: Context["say"]): Promise<Finding> {
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
  await terminal.close();
  return {
    name: "paste of 34 characters from VM to VM",
    unit: "ms",
    ours: ours.p50,
    theirs: TIMES_AT_MOST * limit.p50 + MORE_AT_MOST_MS,
    against: `${TIMES_AT_MOST}x within one VM + ${MORE_AT_MOST_MS} ms`,
    bar: { atMost: 1 },
    samples: { ours, theirs: limit },
    note: `within one VM ${limit.p50.toFixed(1)} ms; lost: ${across.lost} and ${within.lost}`,
  };
}

async function long(atoll: Atoll, mode: "full" | "quick", say: Context["say"]): Promise<Finding> {
  const program = await atoll.show("b", stimulus("paste", 400, 300));
  await atoll.command(Buffer.alloc(LONG_BYTES, "sixteen letters "), "clipboard", "put", "a");
  await program.focus();
  const [pasted, streamed]: [number[], number[]] = [[], []];
  for (let round = 0; round <= LONG_ROUNDS[mode]; round += 1) {
    const pasteMs = await atoll.screen.key(program.content, "Shift+Insert", LONG_TIMEOUT_S);
    const streamMs = await rawStreamMs(atoll, LONG_BYTES);
    if (round === 0) continue;
    pasted.push(pasteMs);
    streamed.push(streamMs);
    say(`16 MiB, round ${round} of ${LONG_ROUNDS[mode]}: ${pasteMs.toFixed(0)} and ${streamMs.toFixed(0)} ms`);
  }
  const rate = (ms: number): number => (LONG_BYTES / 1024 / 1024 / ms) * 1000;
  const [ours, limit] = [sampleOf(pasted), sampleOf(streamed)];
  return {
    name: "paste of 16 MiB of text from VM to VM",
    unit: "MiB/s",
    ours: rate(ours.p50),
    theirs: rate(limit.p50),
    against: "one raw stream of each VM",
    bar: { atLeast: 0.6 },
    note: `${(ours.p50 / 1000).toFixed(1)} s, ${(limit.p50 / 1000).toFixed(1)} s`,
  };
}

async function picture(atoll: Atoll, mode: "full" | "quick", say: Context["say"]): Promise<Finding> {
  const program = await atoll.show("b", stimulus("paste-png", 400, 300));
  const png = new PNG({ ...PICTURE, colorType: 2 });
  randomBytes(png.data.length).copy(png.data);
  const bytes = PNG.sync.write(png, { colorType: 2 });
  await atoll.command(bytes, "clipboard", "put", "a", "--type", "image/png");
  await program.focus();
  const times: number[] = [];
  for (let round = 0; round <= PICTURE_ROUNDS[mode]; round += 1) {
    const ms = await atoll.screen.key(program.content, "Shift+Insert", LONG_TIMEOUT_S);
    if (round > 0) times.push(ms);
    say(`picture, round ${round} of ${PICTURE_ROUNDS[mode]}: ${ms.toFixed(0)} ms`);
  }
  const ours = sampleOf(times);
  return {
    name: "paste of a picture of 8 MB from VM to VM",
    unit: "ms",
    ours: ours.p50,
    theirs: PICTURE_AT_MOST_MS,
    against: "a limit",
    bar: { atMost: 1 },
    samples: { ours, theirs: null },
    note: `${(bytes.length / 1e6).toFixed(1)} MB, ${PICTURE.width}x${PICTURE.height}`,
  };
}

/** Of what was copied there. */
function side(from: "a" | "b"): { from: "a" | "b"; ms: number[]; lost: number } {
  return { from, ms: [], lost: 0 };
}
