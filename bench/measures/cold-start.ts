/** From `atoll vm start` to foot's first frame on the screen, beside the same machine with nothing but a reader on its ports. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { sampleOf, type Finding } from "../report.ts";
import { SCREEN } from "../screen.ts";
import type { Template } from "../../images/builder/template.ts";
import { AgentReader } from "../systems/agent-reader.ts";
import { Atoll } from "../systems/atoll.ts";
import { BareMachine } from "../systems/machine.ts";
import { builtTemplate } from "../systems/templates.ts";
import type { Context, Measure } from "./measure.ts";

/** A background that nothing else on the screen has. */
const COLOUR = "c81e5a";
const FOOT = ["foot", "-o", `colors.background=${COLOUR}`] as const;
const ROUNDS = { full: 7, quick: 2 };
const TIMEOUT_S = 60;
const AT_MOST = 1.15;

export const coldStart: Measure = { name: "cold-start", run };

async function run({ tools, isQuick, signal, say }: Context): Promise<Finding[]> {
  const template = await builtTemplate("debian", signal, say);
  const atoll = await Atoll.prepare(tools);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-cold-"));
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    await atoll.start();
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    // One more than is counted: the first of each finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const times = [await withAtoll(atoll), await withReader(template, folder)] as const;
      if (round === 0) continue;
      ours.push(times[0]);
      theirs.push(times[1]);
      say(`cold start, round ${round} of ${rounds}: ${times.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
    }
  } finally {
    await atoll.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const [us, them] = [sampleOf(ours), sampleOf(theirs)];
  return [
    {
      name: "cold start to foot's first picture",
      unit: "ms",
      ours: us.p50,
      theirs: them.p50,
      against: "QEMU and a reader",
      bar: { atMost: AT_MOST },
      samples: { ours: us, theirs: them },
    },
  ];
}

/** A VM that has a disk already, as all but a VM's first start find it. */
async function withAtoll(atoll: Atoll): Promise<number> {
  const everywhere = { x: 0, y: 0, ...SCREEN };
  const startedMs = Number(process.hrtime.bigint()) / 1e6;
  await atoll.command("vm", "start", "a", "--wait");
  const [shownMs] = await Promise.all([
    atoll.screen.await(everywhere, COLOUR, TIMEOUT_S),
    atoll.command("run", "a", "--", ...FOOT),
  ]);
  await atoll.killVm("a");
  return shownMs - startedMs;
}

async function withReader(template: Template, folder: string): Promise<number> {
  const spec = await BareMachine.prepare(template, folder);
  const startedMs = performance.now();
  const machine = await BareMachine.start(spec);
  const agent = await AgentReader.connect(folder);
  await agent.firstPicture(...FOOT);
  const ms = performance.now() - startedMs;
  agent.close();
  await machine.kill();
  return ms;
}
