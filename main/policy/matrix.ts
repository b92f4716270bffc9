/** Who may what to whom: every pair for one action, by the function that enforces it. */
import { setImmediate } from "node:timers/promises";
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import { type Crossing, HOST, NEW_DISPOSABLE, type VmParty } from "./crossing.ts";
import { parseDestination, parseVmPlace } from "./destination.ts";
import { partyView } from "./party-view.ts";
import type { Policy, PolicyDecided } from "./policy.ts";
import type { Rule } from "./rules.ts";
import { vmPlaceOf } from "./simulate.ts";

type Matrix = RequestOutput<"policy.matrix">;
export type MatrixCell = NonNullable<Matrix["cells"][number][number]>;

/** A row or column: its word in a rule, and the party. */
interface Place<Kind extends Crossing["to"] = Crossing["to"]> {
  word: string;
  party: Kind;
}

/** More destinations and services of rules than this have no column of their own. */
const MAX_NAMED_COLUMNS = 50;
/** The host's other business goes on after so many cells. */
const CELLS_AT_ONCE = 500;
/** Of `net.connect`: any name of the internet that no rule mentions. */
const SOME_NAME = { kind: "destination", name: "any.name.example", address: null, port: null, protocol: null } as const;

export async function matrixOf(policy: Policy, action: PolicyAction): Promise<Matrix> {
  const { vms } = policy;
  const rows: Place<Crossing["from"]>[] = [{ word: "@host", party: HOST }, ...placesOf(vms)];
  const columns = columnsOf(policy, action, vms);
  const cells: Matrix["cells"] = [];
  let count = 0;
  for (const from of rows) {
    const row: (MatrixCell | null)[] = [];
    for (const to of columns) {
      count += 1;
      if (count % CELLS_AT_ONCE === 0) await setImmediate();
      const crossing = { action, from: from.party, to: to.party, type: null, bytes: null };
      row.push(isItself(from.party, to.party) ? null : cellOf(policy.decide(crossing), from.word, to.word));
    }
    cells.push(row);
  }
  const head = ({ word, party }: Place): Matrix["rows"][number] => ({
    word,
    party: word === "@internet" ? { kind: "destination", name: "@internet" } : partyView(party),
    fixed: policy.canName(party) ? null : `Rules with the name ${word} are for a VM that was removed.`,
  });
  return { rows: rows.map(head), columns: columns.map(head), cells };
}

export function cellOf({ answer, rule }: PolicyDecided, from: string, to: string): MatrixCell {
  return {
    ...answer,
    isOwn: rule !== null && isOwnRule(rule, from, to),
    asksEachTime: rule !== null && rule.decision === "ask" && !rule.offersAlways,
    until: rule === null || rule.until === null ? null : new Date(rule.until).toISOString(),
  };
}

/** It is for this pair and this action alone, and says nothing but a decision, and perhaps when it ends. */
export function isOwnRule(rule: Rule, from: string, to: string): boolean {
  const { words, type, maxBytes, scan, notify, offersAlways } = rule;
  return (
    rule.action !== null &&
    words.from === from &&
    words.to === to &&
    type === null &&
    maxBytes === null &&
    !scan &&
    !notify &&
    offersAlways
  );
}

function placesOf(vms: readonly VmParty[]): Place<VmParty>[] {
  return vms.map((party) => ({ word: party.name, party }));
}

function columnsOf(policy: Policy, action: PolicyAction, vms: readonly VmParty[]): Place[] {
  if (action === "net.connect") {
    const named = wordsOf(policy, action).flatMap((word) => {
      const place = parseVmPlace(word);
      const party = place === null ? parseDestination(word) : vmPlaceOf(place, vms);
      return party === null ? [] : [{ word, party }];
    });
    return [{ word: "@internet", party: SOME_NAME }, ...named];
  }
  if (action === "service.use")
    return wordsOf(policy, action).map((word) => ({ word, party: { kind: "service", name: word } }));
  return [{ word: "@host", party: HOST }, ...placesOf(vms), { word: "@disposable", party: NEW_DISPOSABLE }];
}

/** The targets that rules for the action name, each once. */
function wordsOf(policy: Policy, action: PolicyAction): string[] {
  const isOne = (to: string): boolean => !to.startsWith("@") || parseVmPlace(to) !== null;
  const words = policy.rules.filter((rule) => rule.action === action && isOne(rule.to)).map(({ to }) => to);
  return [...new Set(words)].slice(0, MAX_NAMED_COLUMNS);
}

function isItself(from: Crossing["from"], to: Crossing["to"]): boolean {
  if (from.kind === "host") return to.kind === "host";
  if (from.kind !== "vm") return false;
  return (to.kind === "vm" && from.id === to.id) || (to.kind === "vm-place" && from.id === to.vm.id);
}
