/** Who has files, or gets them, as the policy and people name them. */
import { HOST, type HostParty, partyOf, type VmParty } from "../policy/crossing.ts";
import type { FilesParty } from "./transfer.ts";

export function partyOfEnd(party: FilesParty): VmParty | HostParty {
  return party.kind === "host" ? HOST : partyOf(party.vm.status);
}

/**
 * Whether a VM is offered to a person as a place for files: not a disposable, with which they would be gone, nor a service, which has
 * no use for them.
 */
export function isOffered({ role }: Pick<VmParty, "role">): boolean {
  return role !== "service" && role !== "disposable";
}

/** One for each party. */
export function keyOfEnd(party: FilesParty): string {
  return party.kind === "host" ? "@host" : party.vm.id;
}

/** Of the VMs that take part, which share the turns: the host is nobody's guest. */
export function turnKeys(...parties: readonly FilesParty[]): string[] {
  return parties.flatMap((party) => (party.kind === "host" ? [] : [party.vm.id]));
}

/** As a target notes it. */
export function nameOfEnd(party: FilesParty): string {
  return party.kind === "host" ? "host" : party.vm.definition.name;
}

/** For people: no byte and no result has come for so long. */
export function stalledWords(source: FilesParty, target: FilesParty): string {
  const vms = [source, target].flatMap((party) => (party.kind === "host" ? [] : [`VM "${party.vm.definition.name}"`]));
  const who = vms.length === 2 ? `${vms.join(" or ")} does not go on` : `${vms[0] ?? "this computer"} does not go on`;
  return `Nothing has come for a minute: ${who}.`;
}

/** For people: why a transfer does not go on. `isSilent`: it is there, and has not answered. */
export function lostWords(party: FilesParty, isSilent: boolean): string {
  if (party.kind === "host") return "Atoll's program for the files of this computer has ended.";
  const vm = `VM "${party.vm.definition.name}"`;
  return isSilent ? `${vm} does not answer: is it paused, or was it started by an older Atoll?` : `${vm} was lost.`;
}
