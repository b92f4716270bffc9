/** The antivirus from the request for it until it is well: from its memory snapshot, beside a boot. */
import { setTimeout as delay } from "node:timers/promises";
import type { ControlClient } from "../../main/control/cli/client.ts";
import { type Finding, median } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 7, quick: 2 };
const SERVICE = "antivirus";
/** What is promised. */
const READY_MS = 2_000;
/** How long a snapshot may take to be made, by the number of tries and the pause between them. */
const TRIES = 10;
const PAUSE_MS = 20_000;

export const scannerStart: Measure = { name: "scanner-start", run };

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
  const atoll = await Atoll.prepare(tools);
  try {
    await atoll.start();
    const client = await atoll.connect();
    let booted: number | null = null;
    for (let attempt = 1; ; attempt += 1) {
      const { ms, origin } = await started(atoll, client);
      if (origin !== "cold") break;
      booted ??= ms;
      if (attempt === TRIES) throw new Error("there is no memory snapshot: state/atoll.log says why");
      say(`it has booted in ${ms.toFixed(0)} ms; the memory snapshot is being made`);
      await delay(PAUSE_MS, undefined, { signal });
    }
    const ready: number[] = [];
    // One more than is counted: the first finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const { ms, origin } = await started(atoll, client);
      if (origin !== "fork") throw new Error(`it began from what is ${origin}`);
      say(`antivirus, round ${round} of ${rounds}: ${ms.toFixed(0)} ms`);
      if (round > 0) ready.push(ms);
    }
    await client.call("service.stop", { name: SERVICE });
    client.close();
    const name = "the antivirus is ready from its memory snapshot";
    const theirs = booted ?? READY_MS;
    const finding = { name, unit: "ms", ours: median(ready) } as const;
    return [
      { ...finding, theirs: READY_MS, against: "what is promised", bar: { atMost: 1 } },
      ...(booted === null ? [] : [{ ...finding, theirs, against: "its boot, once", bar: null }]),
    ];
  } finally {
    await atoll.close();
  }
}

/** Anew: one that runs is stopped before. */
async function started(atoll: Atoll, client: ControlClient): Promise<{ ms: number; origin: string }> {
  await client.call("service.stop", { name: SERVICE });
  const began = performance.now();
  await client.call("service.start", { name: SERVICE });
  const ms = performance.now() - began;
  const vm = (await client.call("vm.list", {})).find(({ name }) => name === SERVICE);
  if (vm === undefined) throw new Error("it has no VM");
  return { ms, origin: atoll.originOf(vm.id) };
}
