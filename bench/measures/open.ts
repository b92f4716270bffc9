/**
 * A file of the host that opens in the disposable that waits for it, and in a new one, beside the same file in a VM that runs: from
 * the request to its viewer's window, and where the time goes.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PNG } from "pngjs";
import type { EventPayload, RequestInput } from "#shared/ipc/index.ts";
import { type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import type { VmId, VmView } from "#shared/model/vm.ts";
import { sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 7, quick: 2 };
/** What is promised, ms. */
const BESIDE_VM_MS = 300;
/** How long a snapshot may take to be made, by the number of tries and the pause between them. */
const TRIES = 60;
const PAUSE_MS = 5_000;
/** The same of the VM that waits. */
const LOOKS = 300;
const LOOK_PAUSE_MS = 1_000;
/** Room for that alone. */
const SETTINGS = "kiosks: {memoryMiB: 512}\n";
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
  readonly name: string;
  /** Memory that it shares with nobody, when its window is there. */
  readonly ownMiB: number;
  readonly vm: number;
  readonly file: number;
  readonly window: number;
}

export const open: Measure = { name: "open", run };

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-bench-files-"));
  for (const [name, content] of Object.entries(FILES)) fs.writeFileSync(path.join(folder, name), content);
  const atoll = await Atoll.prepare(tools, { "policy.yaml": POLICY, "settings.yaml": SETTINGS });
  try {
    await atoll.start();
    await atoll.command("vm", "start", "a", "--wait");
    await prepared(atoll, say);
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    const findings: Finding[] = [];
    for (const name of Object.keys(FILES)) {
      const file = path.join(folder, name);
      const [ready, fresh, theirs]: [Spent[], Spent[], Spent[]] = [[], [], []];
      // One more than is counted: the first of each finds cold caches.
      for (let round = 0; round <= rounds; round += 1) {
        await untilReady(atoll, signal);
        const inReady = await opened(atoll, file, { kind: "disposable" });
        // At once: nobody has made another one ready.
        const inFresh = await opened(atoll, file, { kind: "disposable" });
        await untilReady(atoll, signal);
        const inVm = await opened(atoll, file, { kind: "vm", vm: "a" });
        if (!inReady.name.startsWith(VIEWERS) || inFresh.name.startsWith(VIEWERS))
          throw new Error(`the file opened in ${inReady.name}, then in ${inFresh.name}`);
        const all = `ready ${words(inReady)}; new ${words(inFresh)}; running VM ${words(inVm)}`;
        say(`${name}, round ${round} of ${rounds}: ${all}`);
        if (round === 0) continue;
        ready.push(inReady);
        fresh.push(inFresh);
        theirs.push(inVm);
      }
      for (const [what, ours, bar] of [
        ["the disposable that waits", ready, { atMost: 1 }],
        ["a new disposable", fresh, null],
      ] as const) {
        const samples = { ours: sampleOf(ours.map(whole)), theirs: sampleOf(theirs.map(whole)) };
        findings.push({
          name: `open ${name} in ${what}`,
          unit: "ms",
          ours: samples.ours.p50,
          theirs: samples.theirs.p50 + BESIDE_VM_MS,
          against: `in a running VM + ${BESIDE_VM_MS} ms`,
          bar,
          samples,
          note: `${words(medians(ours))}; running VM ${words(medians(theirs))}`,
        });
      }
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
    const ownMiB = atoll.privateMiB(await idOf(atoll, vm));
    if (place?.kind === "disposable") await atoll.command("vm", "kill", vm);
    else await atoll.command("window", "close", windowId ?? "");
    return { name: vm, ownMiB, vm: sendingMs - begunMs, file: openingMs - sendingMs, window: endMs - openingMs };
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

/** Returns when a VM waits for a file. */
async function untilReady(atoll: Atoll, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const kiosks = JSON.parse(await atoll.command("kiosk", "list", "--json")) as KioskView[];
    const found = kiosks.find(({ name }) => name === VIEWERS);
    if (found?.state === "ready") return;
    if (found?.state === "cold" && found.detail !== "") throw new Error(found.detail);
    await delay(LOOK_PAUSE_MS, undefined, { signal });
  }
  throw new Error("no VM gets ready for files: state/atoll.log says why");
}

async function idOf(atoll: Atoll, name: string): Promise<VmId> {
  const vms = JSON.parse(await atoll.command("vm", "list", "--json")) as VmView[];
  const found = vms.find((vm) => vm.name === name);
  if (found === undefined) throw new Error(`${name} has gone`);
  return found.id;
}

function whole({ vm, file, window }: Spent): number {
  return vm + file + window;
}

function medians(all: readonly Spent[]): Omit<Spent, "name"> {
  const of = (key: keyof Omit<Spent, "name">): number => sampleOf(all.map((one) => one[key])).p50;
  return { ownMiB: of("ownMiB"), vm: of("vm"), file: of("file"), window: of("window") };
}

function words({ vm, file, window, ownMiB }: Omit<Spent, "name">): string {
  const [a, b, c] = [vm, file, window].map((ms) => ms.toFixed(0));
  return `VM ${a}, file ${b}, window ${c} ms, ${ownMiB.toFixed(0)} MiB of its own`;
}
