/** Which programs have asked for names that were refused, as the VM says itself: its init keeps the last ones (agents/init/src/asking.rs). */
import { escapeForLog } from "#shared/model/text.ts";
import { runInGuest } from "../vms/guest-command.ts";
import type { Vm } from "../vms/vm.ts";

const FILE = "/run/atoll/refused-names";
const READ_MS = 10_000;
/** Of what the guest says: 64 lines of a name and a program. */
const MAX_OUTPUT_BYTES = 32 * 1024;
const MAX_PROGRAM_CHARACTERS = 40;
const LINE = /^([a-z0-9_.-]{1,253}) (.+)$/u;

/** By name, the newest last. A guest's words, escaped. */
export type AskingPrograms = ReadonlyMap<string, readonly string[]>;

/** None where it does not say so, or does not run. */
export async function askingPrograms(vm: Vm): Promise<AskingPrograms> {
  try {
    const { untrustedOutput } = await runInGuest(vm, ["cat", FILE], {
      maxBytes: MAX_OUTPUT_BYTES,
      timeoutMs: READ_MS,
    });
    return readAskingPrograms(untrustedOutput.toString());
  } catch {
    return new Map();
  }
}

export function readAskingPrograms(untrustedText: string): AskingPrograms {
  const programs = new Map<string, string[]>();
  for (const line of untrustedText.split("\n")) {
    const [, name, untrustedProgram] = LINE.exec(line) ?? [];
    if (name === undefined || untrustedProgram === undefined) continue;
    const program = escapeForLog(untrustedProgram, MAX_PROGRAM_CHARACTERS);
    programs.set(name, [...(programs.get(name) ?? []).filter((one) => one !== program), program]);
  }
  return programs;
}
