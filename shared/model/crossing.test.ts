import { expect, it } from "vitest";
import { type CrossingParty, partyName } from "./crossing.ts";

it.each([
  [{ kind: "host" }, "@host"],
  [{ kind: "new-disposable" }, "@disposable"],
  [{ kind: "vm", id: "0123abcd-0000-4000-8000-000000000000", name: "web" }, "web"],
])("%j is named %s", (party, name) => {
  expect(partyName(party as CrossingParty)).toBe(name);
});
