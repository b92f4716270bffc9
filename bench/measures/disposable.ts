/** A disposable that goes on from its template's memory snapshot, beside a VM that boots and a program in one that runs. */
import { setTimeout as delay } from "node:timers/promises";
import type { MachineOrigin, VmId, VmView } from "#shared/model/vm.ts";
import { sampleOf, type Finding } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 9, quick: 2 };
/** What is promised, ms and MiB. */
const AGENT_MS = 300;
const BESIDE_PROGRAM_MS = 300;
const PRIVATE_MIB = 70;
/** How long a snapshot may take to be made, by the number of tries and the pause between them. */
const TRIES = 60;
const PAUSE_MS = 5_000;

interface Started {
  vm: string;
  ms: number;
  origin: MachineOrigin;
}

export const disposable: Measure = { name: "disposable", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const atoll = await Atoll.prepare(tools);
  const agent: number[] = [];
  const memory: number[] = [];
  const window: number[] = [];
  const alone: number[] = [];
  const boot: number[] = [];
  try {
    await atoll.start();
    await atoll.command("vm", "start", "a", "--wait");
    await prepared(atoll, say);
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    // One more than is counted: the first of each finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const idle = await start(atoll);
      const own = atoll.privateMiB(await idOf(atoll, idle.vm));
      await atoll.command("vm", "kill", idle.vm);
      const shown = await start(atoll, "foot");
      await atoll.command("vm", "kill", shown.vm);
      const beside = await elapsed(() => atoll.command("run", "--wait-window", "60", "a", "--", "foot"));
      await atoll.command("exec", "a", "--", "pkill", "-x", "foot");
      const booted = await elapsed(() => atoll.command("vm", "start", "b", "--wait"));
      await atoll.killVm("b");
      say(`disposable, round ${round} of ${rounds}: agent ${idle.ms}, window ${shown.ms} ms, ${own.toFixed(0)} MiB`);
      if (round === 0) continue;
      agent.push(idle.ms);
      memory.push(own);
      window.push(shown.ms);
      alone.push(beside);
      boot.push(booted);
    }
  } finally {
    await atoll.close();
  }
  const [programMs, bootMs] = [sampleOf(alone), sampleOf(boot)];
  const toWindow = { ours: sampleOf(window), theirs: programMs };
  const toAgent = { ours: sampleOf(agent), theirs: bootMs };
  const unit = "ms";
  const bar = { atMost: 1 };
  return [
    {
      name: "disposable: request to its agent",
      unit,
      ours: toAgent.ours.p50,
      theirs: AGENT_MS,
      against: "what is promised",
      bar,
      samples: { ours: toAgent.ours, theirs: null },
    },
    {
      name: "disposable: request to its agent",
      unit,
      ours: toAgent.ours.p50,
      theirs: bootMs.p50,
      against: "a VM that boots",
      bar: null,
      samples: toAgent,
    },
    {
      name: "disposable: request to foot's window",
      unit,
      ours: toWindow.ours.p50,
      theirs: programMs.p50 + BESIDE_PROGRAM_MS,
      against: `foot alone + ${BESIDE_PROGRAM_MS} ms`,
      bar,
      samples: toWindow,
    },
    {
      name: "disposable: memory of its own",
      unit: "MiB",
      ours: sampleOf(memory).p50,
      theirs: PRIVATE_MIB,
      against: "what is promised",
      bar,
    },
  ];
}

/** Returns when disposables no longer boot. */
async function prepared(atoll: Atoll, say: Context["say"]): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { vm, origin } = await start(atoll);
    await atoll.command("vm", "kill", vm);
    if (origin !== "cold") return;
    say("the memory snapshot is being made");
    await delay(PAUSE_MS);
  }
  throw new Error("there is no memory snapshot: state/atoll.log says why");
}

async function start(atoll: Atoll, ...argv: string[]): Promise<Started> {
  const words = argv.length === 0 ? [] : ["--", ...argv];
  return JSON.parse(await atoll.command("disposable", "start", "--json", ...words)) as Started;
}

async function idOf(atoll: Atoll, name: string): Promise<VmId> {
  const vms = JSON.parse(await atoll.command("vm", "list", "--json")) as VmView[];
  const found = vms.find((vm) => vm.name === name);
  if (found === undefined) throw new Error(`${name} has gone`);
  return found.id;
}

async function elapsed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}
