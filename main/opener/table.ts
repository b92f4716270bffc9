/** The rules as a table for the settings: what opens where, by its group and by where it comes from. Pure. */
import type { RequestOutput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { TYPE_GROUPS, type TypeGroup } from "#shared/model/open.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { type Crossing, HOST, isDisposable, NEW_DISPOSABLE, type Party, type VmParty } from "../policy/crossing.ts";
import { partyView, partyWord } from "../policy/party-view.ts";
import { decidePlace, type OpenRule, type PlaceDecision, type RulePlace } from "./rules.ts";

type Table = Pick<RequestOutput<"open.table">, "columns" | "rows" | "vms">;
type Where = RequestOutput<"open.explain">;

interface TableParts {
  rules: readonly OpenRule[];
  vms: readonly VmParty[];
  /** What the policy says of a crossing. */
  decide: (crossing: Crossing) => PolicyDecision;
}

export function tableOf({ rules, vms, decide }: TableParts): Table {
  // Nobody opens a file in the VM of a service.
  const lasting = vms.filter((vm) => !isDisposable(vm) && vm.role !== "service");
  const origins: readonly Party[] = [HOST, ...lasting, NEW_DISPOSABLE];
  return {
    columns: origins.map((party) => ({ word: partyWord(party), party: partyView(party) })),
    rows: TYPE_GROUPS.map((group) => ({
      group,
      cells: origins.map((from) => {
        const decided = decideGroup(rules, group, from, vms);
        const { rule, place } = decided;
        return {
          ...whereOf(decided),
          isOwn: rule !== null && rule.group === group && rule.fromWord === partyWord(from),
          policy: policyOf(group, from, place, decide),
        };
      }),
    })),
    vms: lasting.map(({ name }) => name),
  };
}

/** The rule that decides a cell, for a change of it. @throws AppError vm.not-found */
export function decideCell(
  { group, from: word }: { group: TypeGroup; from: string },
  rules: readonly OpenRule[],
  vms: readonly VmParty[],
): PlaceDecision {
  return decideGroup(rules, group, originNamed(word, vms), vms);
}

export function whereOf({ place, edit, rule, explanation }: PlaceDecision): Where {
  return { in: wordOf(place), edit, rule: rule === null ? null : { line: rule.line, text: rule.text }, explanation };
}

/** Links of this group, where it has any: most that is opened of it is one. */
function decideGroup(
  rules: readonly OpenRule[],
  group: TypeGroup,
  from: Party,
  vms: readonly VmParty[],
): PlaceDecision {
  return decidePlace(rules, { group, isLink: group === "web", isLocal: false, from }, vms);
}

function originNamed(word: string, vms: readonly VmParty[]): Party {
  if (word === "@host") return HOST;
  if (word === "@disposable") return NEW_DISPOSABLE;
  const vm = vms.find(({ name }) => name === word);
  if (vm === undefined) throw new AppError("vm.not-found", `There is no VM named "${word}".`, { vm: word });
  return vm;
}

function wordOf(place: RulePlace): string {
  return place.kind === "vm" ? place.vm.name : place.kind;
}

function policyOf(
  group: TypeGroup,
  from: Party,
  place: RulePlace,
  decide: TableParts["decide"],
): PolicyDecision | null {
  if (place.kind === "here" || place.kind === "ask") return null;
  const to = place.kind === "vm" ? place.vm : NEW_DISPOSABLE;
  const action = group === "web" ? "url.open" : "file.open";
  return decide({ action, from, to, type: null, bytes: null });
}
