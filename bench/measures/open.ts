/**
 * A file of the host that opens in a disposable, beside the same file in a VM that runs: from the request to its viewer's window,
 * and where the time goes.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PNG } from "pngjs";
import type { EventPayload, RequestInput } from "#shared/ipc/index.ts";
import { sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 7, quick: 2 };
/** What is promised, ms. */
const BESIDE_VM_MS = 300;
/** How long a snapshot may take to be made, by the number of tries and the pause between them. */
const TRIES = 60;
const PAUSE_MS = 5_000;
/** Of one page without words. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
`;
const FILES: Readonly<Record<string, string | Buffer>> = {
  "page.pdf": PDF,
  "dot.png": PNG.sync.write(new PNG({ width: 32, height: 32 })),
  "notes.txt": "of the host\n",
};
const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: file.open, from: "@host", to: "@any", decision: allow}
tests: []
`;

type Place = RequestInput<"open.open">["in"];

/** Milliseconds, one after the other: until its VM answers, until the file is there, until its window is. */
interface Spent {
  readonly vm: number;
  readonly file: number;
  readonly window: number;
}

export const open: Measure = { name: "open", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-bench-files-"));
  for (const [name, content] of Object.entries(FILES)) fs.writeFileSync(path.join(folder, name), content);
  const atoll = await Atoll.prepare(tools, { "policy.yaml": POLICY });
  try {
    await atoll.start();
    await atoll.command("vm", "start", "a", "--wait");
    await prepared(atoll, say);
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    const findings: Finding[] = [];
    for (const name of Object.keys(FILES)) {
      const file = path.join(folder, name);
      const [ours, theirs]: [Spent[], Spent[]] = [[], []];
      // One more than is counted: the first of each finds cold caches.
      for (let round = 0; round <= rounds; round += 1) {
        const inDisposable = await opened(atoll, file, { kind: "disposable" });
        const inVm = await opened(atoll, file, { kind: "vm", vm: "a" });
        say(`${name}, round ${round} of ${rounds}: disposable ${words(inDisposable)}; running VM ${words(inVm)}`);
        if (round === 0) continue;
        ours.push(inDisposable);
        theirs.push(inVm);
      }
      const samples = { ours: sampleOf(ours.map(whole)), theirs: sampleOf(theirs.map(whole)) };
      findings.push({
        name: `open ${name} in a disposable`,
        unit: "ms",
        ours: samples.ours.p50,
        theirs: samples.theirs.p50 + BESIDE_VM_MS,
        against: `in a running VM + ${BESIDE_VM_MS} ms`,
        bar: { atMost: 1 },
        samples,
        note: `${words(medians(ours))}; running VM ${words(medians(theirs))}`,
      });
    }
    return findings;
  } finally {
    await atoll.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function opened(atoll: Atoll, file: string, place: Place): Promise<Spent> {
  const client = await atoll.connect();
  const steps = new Map<EventPayload<"open.progress">["step"], number>();
  client.on("open.progress", ({ step }) => steps.set(step, performance.now()));
  try {
    const begunMs = performance.now();
    const { vm, windowId } = await client.call("open.open", {
      item: { kind: "file", path: file },
      from: null,
      ...(place === undefined ? {} : { in: place }),
      edit: false,
      wait: false,
      askS: 0,
    });
    const endMs = performance.now();
    const sendingMs = steps.get("sending") ?? endMs;
    const openingMs = steps.get("opening") ?? endMs;
    if (place?.kind === "disposable") await atoll.command("vm", "kill", vm);
    else await atoll.command("window", "close", windowId ?? "");
    return { vm: sendingMs - begunMs, file: openingMs - sendingMs, window: endMs - openingMs };
  } finally {
    client.close();
  }
}

/** Returns when disposables no longer boot. */
async function prepared(atoll: Atoll, say: Context["say"]): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const started = await atoll.command("disposable", "start", "--json");
    const { vm, origin } = JSON.parse(started) as { vm: string; origin: string };
    await atoll.command("vm", "kill", vm);
    if (origin !== "cold") return;
    say("the memory snapshot is being made");
    await delay(PAUSE_MS);
  }
  throw new Error("there is no memory snapshot: state/atoll.log says why");
}

function whole({ vm, file, window }: Spent): number {
  return vm + file + window;
}

function medians(all: readonly Spent[]): Spent {
  const of = (key: keyof Spent): number => sampleOf(all.map((one) => one[key])).p50;
  return { vm: of("vm"), file: of("file"), window: of("window") };
}

function words({ vm, file, window }: Spent): string {
  const [a, b, c] = [vm, file, window].map((ms) => ms.toFixed(0));
  return `VM ${a}, file ${b}, window ${c} ms`;
}
