/** A kiosk that is kept ready, beside the same program in a VM that boots for it: from the request to its window. */
import { setTimeout as delay } from "node:timers/promises";
import type { KioskView } from "#shared/model/kiosk.ts";
import { sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 5, quick: 1 };
/** What is promised, ms. */
const PROMISED = { browser: 3_000, player: 1_500, remote: 1_500 } as const;
type Name = keyof typeof PROMISED;
const NAMES = ["player", "remote", "browser"] as const satisfies readonly Name[];
const TEMPLATES = { browser: "debian-web", player: "debian-kiosk", remote: "debian-kiosk" } as const;
const PROGRAMS = { browser: "firefox-esr", player: "atoll-player", remote: "remmina" } as const;
/** How long one may take to be ready, by the number of looks and the pause between them. */
const LOOKS = 150;
const PAUSE_MS = 4_000;

export const kiosk: Measure = { name: "kiosk", run };

interface Started {
  vm: string;
  ms: number;
  origin: string;
}

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of NAMES) findings.push(...(await measured(name)));
  return findings;

  async function measured(name: Name): Promise<Finding[]> {
    const memoryMiB = name === "browser" ? 1536 : 768;
    // The others have no room beside it: each round has the machine for itself.
    const others = NAMES.filter((other) => other !== name).map((other) => ({
      name: other,
      title: other,
      kind: "other",
      template: "none",
      program: ["none"],
    }));
    const settings = JSON.stringify({ kiosks: { memoryMiB, own: others } });
    const atoll = await Atoll.prepare(tools, { "settings.yaml": settings });
    const [ready, cold]: [number[], number[]] = [[], []];
    try {
      await atoll.command("template", "build", TEMPLATES[name]);
      await atoll.start();
      const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
      for (let round = 1; round <= rounds; round += 1) {
        await untilReady(atoll, name, signal);
        const started = await start(atoll, "--kiosk", name);
        if (started.origin !== "ready") throw new Error(`${name} was not ready`);
        ready.push(started.ms);
        await atoll.command("vm", "kill", started.vm);
        // A VM that is new boots.
        const machine = ["--template", TEMPLATES[name], "--label", "slate"];
        await atoll.command("vm", "create", "cold", ...machine);
        const before = performance.now();
        await atoll.command("vm", "start", "cold", "--wait");
        await atoll.command("run", "--wait-window", "180", "cold", "--", PROGRAMS[name]);
        cold.push(performance.now() - before);
        await atoll.command("vm", "kill", "cold", "--wait");
        await atoll.command("vm", "remove", "cold");
        say(`kiosk ${name}, round ${round} of ${rounds}: ${started.ms} ms ready, ${cold.at(-1)?.toFixed(0)} ms cold`);
      }
    } finally {
      await atoll.close();
    }
    const samples = { ours: sampleOf(ready), theirs: sampleOf(cold) };
    const shared = { unit: "ms", ours: samples.ours.p50 };
    return [
      {
        ...shared,
        name: `kiosk ${name}: request to its window`,
        theirs: PROMISED[name],
        against: "what is promised",
        bar: { atMost: 1 },
        samples: { ours: samples.ours, theirs: null },
      },
      {
        ...shared,
        name: `kiosk ${name}: request to its window`,
        theirs: samples.theirs.p50,
        against: "a VM that boots, and its program",
        bar: null,
        samples,
      },
    ];
  }
}

async function untilReady(atoll: Atoll, name: Name, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const kiosks = JSON.parse(await atoll.command("kiosk", "list", "--json")) as KioskView[];
    const found = kiosks.find((one) => one.name === name);
    if (found?.state === "ready") return;
    if (found?.state === "cold" && found.detail !== "") throw new Error(found.detail);
    await delay(PAUSE_MS, undefined, { signal });
  }
  throw new Error(`${name} does not get ready: state/atoll.log says why`);
}

async function start(atoll: Atoll, ...words: string[]): Promise<Started> {
  return JSON.parse(await atoll.command("disposable", "start", "--json", ...words)) as Started;
}
