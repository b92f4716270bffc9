/** Tries ways out of a VM from inside, by a script that is sent there, and says which of them lead where they must not. */
import net from "node:net";
import type { LeakFinding } from "#shared/model/network.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { runInGuest } from "../vms/guest-command.ts";
import type { Vm } from "../vms/vm.ts";
import { findingsOf, leakProbes, type LeakTargets, probeWords, readResults, type Surroundings } from "./leak-probes.ts";

const scripts = import.meta.glob<string>("./leaks.pl", { query: "?raw", import: "default", eager: true });

/** The guest's script gives up by itself long before. */
const CHECK_MS = 30_000;
/** Of what the guest says: each probe is one short line. */
const MAX_OUTPUT_BYTES = 64 * 1024;

export interface LeakCheck {
  readonly targets: LeakTargets;
  readonly surroundings: Omit<Surroundings, "hostPort">;
  /** What the policy says of NAME[:PORT], ADDRESS:PORT or @vm:NAME:PORT. */
  readonly decide: (to: string) => PolicyDecision;
  /** Whether an address is a public one. */
  readonly isInternet: (address: string) => boolean;
}

/**
 * Resolves with one finding for each way. What the VM says is a guest's word: one that lies says so of its own network alone.
 * @throws AppError vm.not-running, exec.failed, exec.lost, network.not-checked
 */
export async function checkForLeaks(vm: Vm, check: LeakCheck): Promise<LeakFinding[]> {
  // A port of this machine is no leak where nothing listens: so something does while the VM tries.
  const host = await listener();
  try {
    const probes = leakProbes(check.targets, { ...check.surroundings, hostPort: host.port });
    const output = await run(vm, probeWords(probes));
    const results = readResults(output);
    if (results.size === 0) throw notChecked(vm, "the script that tries it has tried nothing there");
    const isFiltered = vm.status.network !== "direct";
    return findingsOf(probes, results, check.decide, check.isInternet, isFiltered);
  } finally {
    host.close();
  }
}

async function run(vm: Vm, words: readonly string[]): Promise<string> {
  const { how, untrustedOutput } = await runInGuest(vm, ["perl", "-", ...words], {
    input: Buffer.from(Object.values(scripts).join("")),
    maxBytes: MAX_OUTPUT_BYTES,
    timeoutMs: CHECK_MS,
  });
  // Without it nothing was tried, which must not look as if nothing leaked.
  if (how === "failed") throw notChecked(vm, "the script that tries it has failed there");
  if (how === "late") throw notChecked(vm, `it has not answered within ${CHECK_MS / 1000} s`);
  return untrustedOutput.toString("latin1");
}

function notChecked(vm: Vm, reason: string): AppError {
  const { name } = vm.definition;
  return new AppError("network.not-checked", `"${name}" was not checked for leaks: ${reason}.`, { vm: name });
}

/** On all addresses of this machine. Whoever connects is let go at once. */
async function listener(): Promise<{ port: number | null; close: () => void }> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "::", resolve);
    });
  } catch {
    return { port: null, close: () => undefined };
  }
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : null;
  return { port, close: () => void server.close() };
}
