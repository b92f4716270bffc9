/** Where something could open, for the person's choice: what the policy would not deny. */
import type { QuestionPayload } from "#shared/ipc/index.ts";
import { isOffered } from "../files/parties.ts";
import { HOST, NEW_DISPOSABLE, type Party } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import { groupOf, type OpenItem } from "./item.ts";
import { crossingOf, partyIn } from "./parties.ts";
import type { OpenerParts } from "./parts.ts";
import { knownProgramFor } from "./programs.ts";
import type { RulePlace } from "./rules.ts";

type Choice = QuestionPayload<"open.choose">["choices"][number];

/** @param suggested what a rule would say; it comes first */
export async function choicesFor(
  item: OpenItem,
  from: Vm | null,
  suggested: RulePlace | null,
  parts: Pick<OpenerParts, "application" | "policy" | "programs" | "safeCopies">,
): Promise<Choice[]> {
  const { application, policy, safeCopies } = parts;
  const party = from === null ? HOST : partyIn(application.parties, from);
  const mayGo = (to: Party): boolean => policy.decide(crossingOf(item, party, to)).decision !== "deny";
  const choices: Choice[] = [];
  if (from !== null && party.kind === "vm")
    choices.push({ place: { kind: "here" }, party: partyView(party), why: "where it is" });
  const others = application.vms.flatMap((vm) => {
    const to = partyIn(application.parties, vm);
    return vm === from || !isOffered(to) || !mayGo(to) ? [] : [{ vm, to }];
  });
  const whys = await Promise.all(others.map(({ vm }) => whyOf(vm, item, parts)));
  for (const [at, { vm, to }] of others.entries())
    choices.push({ place: { kind: "vm", vm: vm.id }, party: partyView(to), why: whys[at] ?? "" });
  if (isRendered(item, safeCopies) && mayGo(NEW_DISPOSABLE))
    choices.push({
      place: { kind: "safe" },
      party: partyView(party.kind === "host" ? NEW_DISPOSABLE : party),
      why: "its pages as pictures, without all that is hidden in it",
    });
  if (mayGo(NEW_DISPOSABLE))
    choices.push({ place: { kind: "disposable" }, party: partyView(NEW_DISPOSABLE), why: "made for it, then gone" });
  return choices.sort((one, other) => Number(isPlace(other, suggested)) - Number(isPlace(one, suggested)));
}

/** Whether a safe copy of it can be had. */
export function isRendered(item: OpenItem, { canBeMade }: Pick<OpenerParts["safeCopies"], "canBeMade">): boolean {
  return ["document", "image"].includes(groupOf(item)) && canBeMade;
}

function isPlace({ place }: Choice, suggested: RulePlace | null): boolean {
  if (place.kind === "vm") return suggested?.kind === "vm" && suggested.vm.id === place.vm;
  return place.kind === suggested?.kind;
}

async function whyOf(vm: Vm, item: OpenItem, parts: Pick<OpenerParts, "application" | "programs">): Promise<string> {
  const program = await knownProgramFor(vm, item, parts);
  const has = program === null ? "" : `has “${program}”`;
  if (vm.state !== "running") return has === "" ? "does not run: it is started" : `${has}; does not run: it is started`;
  return has === "" ? "no program for it is known" : has;
}
