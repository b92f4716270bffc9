/**
 * What the firewall costs a VM: VM a goes by it, VM b has a way of its own to the same servers (`direct`, one hop). The internet is
 * one of namespaces on this machine.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { TestInternet } from "../../e2e/support/test-internet.ts";
import { buildTemplate } from "../../images/builder/build-template.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { recipeOfManifest } from "../../images/builder/recipes.ts";
import type { Template } from "../../images/builder/template.ts";
import { checkout } from "../../scripts/setup/paths.mjs";
import { type Finding, median, sampleOf } from "../report.ts";
import { SCREEN } from "../screen.ts";
import { Atoll, type VmName } from "../systems/atoll.ts";
import { bootedMs } from "../systems/bare-boot.ts";
import type { Context, Measure } from "./measure.ts";

const FIREWALL = path.join(checkout, "services/firewall/service.yaml");
const ROUNDS = { full: 5, quick: 1 };
const LOADED = { name: "load.cvd", bytes: 32 * 1024 * 1024 };
/** Rules, each about a name, each name with so many addresses: elements of the kernel's sets. */
const RULES = 1_000;
const ADDRESSES = 10;
const CONNECTIONS = 100;
/** How names begin that are only looked up. */
const LOOKED_UP = "l";
/** Of good.example. */
const SERVER = "198.18.0.10";
/** What may be reached where there are few rules. */
const FEW = ["good.example", "*.many.test"] as const;
const LOOK_UPS = { full: 200, quick: 20 };
const FLOWS = 1_000;
const VIEW_SECONDS = { full: 30, quick: 10 };
/** What is promised. */
const LOOK_UP_MS = 5;
const VIEW_PERCENT = 5;
const COMES_UP_MS = 300_000;
const SHOWN_S = 10;
/** Until the view has got all rows. */
const SETTLE_MS = 5_000;

export const network: Measure = { name: "network", run };

async function run({ tools, isQuick, signal, say }: Context): Promise<Finding[]> {
  if (process.getuid?.() !== 0) throw new Error("network: its internet is made by root");
  const cacheDir = resolveCacheDir();
  const onProgress = ({ step }: { step: string }): void => say(`image: ${step}`);
  const template = await buildTemplate({ recipe: recipeOfManifest(FIREWALL), cacheDir, signal, onProgress });
  const internet = await TestInternet.open();
  const atoll = await Atoll.prepare(tools, { "policy.yaml": policy(FEW) }, internet.enter);
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
  try {
    internet.publish(LOADED.name, randomBytes(LOADED.bytes));
    const names = Array.from({ length: RULES }, (_, n) => `n${n}.many.test`);
    const lookedUp = Array.from(
      { length: isQuick ? LOOK_UPS.quick : LOOK_UPS.full },
      (_, n) => `${LOOKED_UP}${n}.many.test`,
    );
    const addresses = new Map(names.map((name, n) => [name, addressesOf(n)]));
    for (const name of lookedUp) addresses.set(name, [SERVER]);
    internet.name(addresses);
    await atoll.start();
    await atoll.command("vm", "set", "a", "--network", "firewall");
    await atoll.command("vm", "set", "b", "--network", "direct");
    await Promise.all([atoll.command("vm", "start", "a", "--wait"), atoll.command("vm", "start", "b", "--wait")]);
    for (const vm of ["a", "b"] as const) await reaches(atoll, vm);
    return [
      ...(await throughput(atoll, rounds, say)),
      await lookUps(atoll, lookedUp),
      await rules(atoll, names, rounds, say),
      await view(atoll, isQuick ? VIEW_SECONDS.quick : VIEW_SECONDS.full),
      await ready(atoll, template, rounds, say),
    ];
  } finally {
    await atoll.close();
    await internet.close();
  }
}

/** The first is a server's; the others are of the range for tests, and nobody's. */
function addressesOf(n: number): string[] {
  return [SERVER, ...Array.from({ length: ADDRESSES - 1 }, (_, at) => `198.19.${n >> 2}.${(n & 3) * 64 + at + 1}`)];
}

/** The last name is the one that is asked for: all other rules are before it. */
function policy(names: readonly string[]): string {
  const rules = names.map((to) => ({ action: "net.connect", from: "@any", to, decision: "allow" }));
  return stringify({ rules: [{ action: "exec", from: "@host", to: "@any", decision: "allow" }, ...rules] });
}

function curl(atoll: Atoll, vm: VmName, ...words: string[]): Promise<string> {
  return atoll.command("exec", vm, "--", "curl", "-4", "--silent", "--fail", "--output", "/dev/null", ...words);
}

/** Resolves when the VM reaches the name, or does not any more. */
async function reaches(atoll: Atoll, vm: VmName, isReached = true, name = "good.example"): Promise<void> {
  const deadline = performance.now() + COMES_UP_MS;
  const once = (): Promise<boolean> =>
    curl(atoll, vm, "--max-time", "5", `http://${name}/`).then(
      () => true,
      () => false,
    );
  while ((await once()) !== isReached) {
    if (performance.now() > deadline)
      throw new Error(`VM ${vm} ${isReached ? "does not reach" : "still reaches"} ${name}`);
    await delay(200);
  }
}

/** MiB a second, as the guest's curl has it. */
async function loaded(atoll: Atoll, vm: VmName): Promise<number> {
  const said = await curl(atoll, vm, "--write-out", "%{speed_download}", `http://good.example/${LOADED.name}`);
  return Number(said) / 1024 / 1024;
}

async function throughput(atoll: Atoll, rounds: number, say: Context["say"]): Promise<Finding[]> {
  const seen = { firewall: [] as number[], scanned: [] as number[], direct: [] as number[] };
  const both = async (ours: number[]): Promise<void> => {
    // One more than is counted: the first finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const rates = [await loaded(atoll, "a"), await loaded(atoll, "b")] as const;
      if (round === 0) continue;
      ours.push(rates[0]);
      seen.direct.push(rates[1]);
      say(`${LOADED.bytes / 1024 / 1024} MiB: ${rates.map((rate) => rate.toFixed(1)).join(" and ")} MiB/s`);
    }
  };
  await both(seen.firewall);
  await atoll.command("service", "settings", "firewall", "scan=a");
  await reaches(atoll, "a");
  await both(seen.scanned);
  await atoll.command("service", "settings", "firewall", "scan=");
  await reaches(atoll, "a");
  const direct = sampleOf(seen.direct);
  const finding = (name: string, rates: number[], bar: Finding["bar"]): Finding => ({
    ...{ name, unit: "MiB/s", ours: median(rates), theirs: direct.p50, against: "one hop", bar },
    samples: { ours: sampleOf(rates), theirs: direct },
  });
  return [
    finding("a VM loads by the firewall", seen.firewall, { atLeast: 0.45 }),
    finding("a VM loads by the firewall, scanned", seen.scanned, null),
  ];
}

/** Each name for the first time. */
async function lookUps(atoll: Atoll, names: readonly string[]): Promise<Finding> {
  // Each transfer has an output of its own.
  const urls = names.flatMap((name) => [`http://${name}/`, "--output", "/dev/null"]);
  const times = async (vm: VmName): Promise<number[]> =>
    seconds(await curl(atoll, vm, "--write-out", "%{time_namelookup}\\n", ...urls)).map((one) => one * 1000);
  const [ours, theirs] = [sampleOf(await times("a")), sampleOf(await times("b"))];
  return {
    ...{ name: "a look-up by the firewall: its p95 above one hop's", unit: "ms", ours: ours.p95 - theirs.p95 },
    ...{ theirs: LOOK_UP_MS, against: "what is promised", bar: { atMost: 1 }, samples: { ours, theirs } },
  };
}

/** Of each of curl's transfers. */
function seconds(said: string): number[] {
  return said.trim().split("\n").map(Number);
}

/** New connections, ms each, with the rules that there are: those of a connection that runs are not asked again. */
async function connections(atoll: Atoll): Promise<number> {
  const urls = `http://good.example/?[1-${CONNECTIONS}]`;
  const said = await curl(atoll, "a", "--header", "Connection: close", "--write-out", "%{time_total}\\n", urls);
  const all = seconds(said);
  return (all.reduce((sum, one) => sum + one, 0) * 1000) / all.length;
}

async function rules(atoll: Atoll, names: readonly string[], rounds: number, say: Context["say"]): Promise<Finding> {
  const measured = async (): Promise<number[]> => {
    const all: number[] = [];
    for (let round = 0; round <= rounds; round += 1) all.push(await connections(atoll));
    return all.slice(1);
  };
  const before = sampleOf(await measured());
  atoll.configure("policy.yaml", policy([...names, FEW[0]]));
  // What the rules before allowed, and these do not.
  await reaches(atoll, "a", false, `${LOOKED_UP}0.many.test`);
  await atoll.command(
    "exec",
    "a",
    "--",
    "perl",
    "-e",
    'gethostbyname($_) or die "$_ is not known" for @ARGV',
    ...names,
  );
  const after = sampleOf(await measured());
  say(`a new connection: ${before.p50.toFixed(1)} ms, with ${RULES} rules ${after.p50.toFixed(1)} ms`);
  return {
    ...{ name: `a new connection with ${RULES} rules and names, ${RULES * ADDRESSES} addresses`, unit: "ms" },
    ...{ ours: after.p50, theirs: before.p50, against: "two rules", bar: { atMost: 1.05 } },
    samples: { ours: after, theirs: before },
  };
}

/** What the application takes of the processor while the Network view shows that many connections. */
async function view(atoll: Atoll, seconds: number): Promise<Finding> {
  await curl(atoll, "a", "--header", "Connection: close", `http://good.example/?[1-${FLOWS}]`);
  const everywhere = { x: 0, y: 0, ...SCREEN };
  // The policy's half of the sheet, and the one beside it.
  await atoll.screen.key(everywhere, "Super+p", SHOWN_S);
  await atoll.screen.key(everywhere, "Right", SHOWN_S);
  await delay(SETTLE_MS);
  const used = (): readonly number[] => [atoll.appCpuSeconds(), atoll.serviceCpuSeconds()];
  const [before, startedMs] = [used(), performance.now()];
  await delay(seconds * 1000);
  const elapsedMs = performance.now() - startedMs;
  const [ours = 0, firewall = 0] = used().map((now, at) => ((now - (before[at] ?? 0)) * 100_000) / elapsedMs);
  await atoll.screen.key(everywhere, "Escape", SHOWN_S);
  return {
    ...{ name: `the Network view with ${FLOWS} connections`, unit: "% of a core", ours, theirs: VIEW_PERCENT },
    ...{ against: "what is promised", bar: { atMost: 1 } },
    note: `the application's processes, ${seconds} s; the firewall's QEMU beside them: ${firewall.toFixed(1)} %`,
  };
}

/** From the start of the firewall until it is healthy, beside the boot of its image, until the agent has said hello. */
async function ready(atoll: Atoll, template: Template, rounds: number, say: Context["say"]): Promise<Finding> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-firewall-bench-"));
  const seen = { ours: [] as number[], bare: [] as number[] };
  for (const vm of ["a", "b"] as const) await atoll.killVm(vm);
  try {
    for (let round = 0; round <= rounds; round += 1) {
      await atoll.command("service", "stop", "firewall");
      const startedMs = performance.now();
      await atoll.command("service", "start", "firewall");
      const times = [performance.now() - startedMs, await bootedMs(template, folder)] as const;
      if (round === 0) continue;
      seen.ours.push(times[0]);
      seen.bare.push(times[1]);
      say(`firewall ready, round ${round} of ${rounds}: ${times.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const [ours, theirs] = [sampleOf(seen.ours), sampleOf(seen.bare)];
  return {
    ...{ name: "the firewall is ready", unit: "ms", ours: ours.p50, theirs: theirs.p50, against: "a bare boot" },
    ...{ bar: { atMost: 1.15 }, samples: { ours, theirs } },
  };
}
