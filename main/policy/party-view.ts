/** A party as people see it, and as a rule names it. Pure. */
import { AppError } from "#shared/model/app-error.ts";
import type { CrossingParty } from "#shared/model/crossing.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { Crossing } from "./crossing.ts";
import { targetWords } from "./explain.ts";

/** Of a party that there is. Names of destinations are a guest's words: they are escaped. */
export function partyView(party: Crossing["to"]): CrossingParty {
  switch (party.kind) {
    case "vm": {
      const { id, name, label, role } = party;
      if (id === null) throw new AppError("internal", `${name} is no VM that there is.`);
      return { kind: "vm", id, name, label, role };
    }
    case "destination":
    case "vm-place":
      return { kind: "destination", name: escapeForLog(targetWords(party)) };
    case "service":
      return { kind: "service", name: party.name };
    case "host":
    case "new-disposable":
      return { kind: party.kind };
  }
}

/** As `from` or `to` of a rule. */
export function partyWord(party: Crossing["to"]): string {
  switch (party.kind) {
    case "host":
      return "@host";
    case "new-disposable":
      return "@disposable";
    case "destination":
    case "vm-place":
      return targetWords(party);
    default:
      return party.name;
  }
}
