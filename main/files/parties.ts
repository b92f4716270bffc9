/** Who has files, or gets them, as the policy and people name them. */
import { HOST, type HostParty, partyOf, type VmParty } from "../policy/crossing.ts";
import type { FilesParty } from "./transfer.ts";

export function partyOfEnd(party: FilesParty): VmParty | HostParty {
  return party.kind === "host" ? HOST : partyOf(party.vm.status);
}

/** One for each party. */
export function keyOfEnd(party: FilesParty): string {
  return party.kind === "host" ? "@host" : party.vm.id;
}

/** For people. */
export function wordsOfEnd(party: FilesParty): string {
  return party.kind === "host" ? "this computer" : `VM "${party.vm.definition.name}"`;
}
