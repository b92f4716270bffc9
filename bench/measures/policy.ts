/** How long the policy takes to decide, by the function that enforces it. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LABEL_NAMES } from "#shared/model/label.ts";
import { POLICY_ACTIONS } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Crossing, VmParty } from "../../main/policy/crossing.ts";
import { Policy } from "../../main/policy/policy.ts";
import type { Finding } from "../report.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 20_000, quick: 1_000 };
const VMS = 20;
const RULES = 10_000;
const LIMIT_MS = { shipped: 0.2, many: 1 };

export const policy: Measure = { name: "policy", run };

async function run({ isQuick, say }: Context): Promise<Finding[]> {
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
  say("decisions by the shipped rules, then by many");
  // One that matches no rule but the last reads all of them.
  const many = Array.from({ length: RULES - 1 }, (_, at) => rule(`vm-${at}`, "vm-0", "deny"));
  const shipped = await p99(null, pairs(), rounds);
  const all = await p99(`rules:\n${many.join("")}${rule("vm-0", "vm-1", "allow")}`, [pasteOf(0, 1)], rounds);
  return [
    finding("a decision by the shipped rules, p99", shipped, LIMIT_MS.shipped, rounds),
    finding(`a decision by the last of ${RULES} rules, p99`, all, LIMIT_MS.many, rounds),
  ];
}

function finding(name: string, ours: number, theirs: number, rounds: number): Finding {
  return { name, unit: "ms", ours, theirs, against: "a limit", bar: { atMost: 1 }, note: `${rounds} decisions` };
}

/** Milliseconds. @param text of policy.yaml; null: the one of a first start */
async function p99(text: string | null, crossings: readonly Crossing[], rounds: number): Promise<number> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atoll-bench-policy-"));
  try {
    if (text !== null) await fs.writeFile(path.join(folder, "policy.yaml"), text);
    const deciding = new Policy({ configFolder: folder, stateFolder: folder, vms: () => vms });
    await deciding.open();
    const times = Array.from({ length: rounds }, (_, at) => {
      const crossing = crossings[at % crossings.length] ?? pasteOf(0, 1);
      const startedMs = performance.now();
      deciding.decide(crossing);
      return performance.now() - startedMs;
    });
    return times.toSorted((a, b) => a - b)[Math.floor(rounds * 0.99)] ?? Infinity;
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

const vms: VmParty[] = Array.from({ length: VMS }, (_, at) => ({
  kind: "vm",
  id: `${String(at).padStart(8, "0")}-0000-4000-8000-000000000000` as VmId,
  name: `vm-${at}`,
  label: LABEL_NAMES[at % LABEL_NAMES.length] ?? null,
  role: at % 5 === 4 ? "vault" : "app",
  template: "debian",
}));

function vmAt(at: number): VmParty {
  const vm = vms[at];
  if (vm === undefined) throw new Error(`There is no VM ${at}.`);
  return vm;
}

function pasteOf(from: number, to: number): Crossing {
  return { action: "clipboard.paste", from: vmAt(from), to: vmAt(to), type: "text/plain", bytes: 34 };
}

/** Every action that goes from VM to VM, between every two. */
function pairs(): Crossing[] {
  const actions = POLICY_ACTIONS.filter((action) => action !== "net.connect" && action !== "service.use");
  return vms.flatMap((_, from) =>
    vms.flatMap((__, to) => (from === to ? [] : actions.map((action) => ({ ...pasteOf(from, to), action })))),
  );
}

function rule(from: string, to: string, decision: string): string {
  return `  - {action: clipboard.paste, from: ${from}, to: ${to}, decision: ${decision}}\n`;
}
