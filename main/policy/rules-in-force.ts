/**
 * The rules that count, found by action and by the VMs that they name: a decision looks at those that can match. A rule with
 * `until` ends by the host's clock, or by a clock that only runs on, whichever comes first: setting the host's clock back
 * does not make it last longer.
 */
import { POLICY_ACTIONS, type PolicyAction } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Crossing } from "./crossing.ts";
import type { PolicyFile } from "./policy-file.ts";
import type { EndedRules } from "./ended-rules.ts";
import { ADMINISTRATIVE, type Rule } from "./rules.ts";

interface Clocks {
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds that only run on. */
  elapsed: () => number;
  /** The rules that were in force before: those that are the same end when they would have ended. */
  earlier: RulesInForce | null;
  ended: Pick<EndedRules, "has" | "add">;
}

/** Rules of one action, in their order, and where among them those are that name a VM on one side, or none there. */
interface Side {
  named: ReadonlyMap<string, readonly number[]>;
  unnamed: readonly number[];
}
interface ActionRules {
  all: readonly Rule[];
  from: Side;
  to: Side;
}

export class RulesInForce {
  readonly file: PolicyFile;
  readonly #elapsed: () => number;
  /** By the rule's text: when it ends, by the clock that only runs on. */
  readonly #ends: ReadonlyMap<string, number>;
  readonly #ended: Clocks["ended"];
  #byAction: ReadonlyMap<PolicyAction, ActionRules>;
  #nextEnd: number;

  constructor(file: PolicyFile, { now, elapsed, earlier, ended }: Clocks) {
    this.file = file;
    this.#elapsed = elapsed;
    this.#ended = ended;
    const endOf = (text: string): number => (ended.has(text) ? -Infinity : Infinity);
    const before = earlier === null ? new Map<string, number>() : earlier.#ends;
    this.#ends = new Map(
      file.rules.flatMap(({ text, until }) =>
        until === null ? [] : [[text, Math.min(elapsed() + until - now, before.get(text) ?? endOf(text))]],
      ),
    );
    [this.#byAction, this.#nextEnd] = this.#current();
  }

  /** Those that can match, in their order. @param namesOf names in rules that mean a VM */
  for({ action, from, to }: Crossing, namesOf: (id: VmId) => readonly string[]): readonly Rule[] {
    this.passEnds();
    const rules = this.#byAction.get(action);
    if (rules === undefined) return [];
    const places = [placesOf(rules.from, from, namesOf), placesOf(rules.to, to, namesOf)];
    const [fewest = []] = places.toSorted((a, b) => count(a) - count(b));
    // Putting many in order would take longer than looking at all.
    if (count(fewest) > rules.all.length / 8) return rules.all;
    return fewest
      .flat()
      .sort((a, b) => a - b)
      .flatMap((at) => rules.all[at] ?? []);
  }

  /** Until the next of them ends; Infinity: none does. */
  get nextEndInMs(): number {
    return Math.max(0, this.#nextEnd - this.#elapsed());
  }

  /** Rules whose end has come count no more, and stay over. */
  passEnds(): void {
    if (this.#elapsed() >= this.#nextEnd) [this.#byAction, this.#nextEnd] = this.#current();
  }

  #current(): [ReadonlyMap<PolicyAction, ActionRules>, number] {
    const now = this.#elapsed();
    this.#ended.add([...this.#ends].flatMap(([text, end]) => (end <= now ? [text] : [])));
    const rules = this.file.rules.filter(({ text }) => now < (this.#ends.get(text) ?? Infinity));
    const byAction = new Map(
      POLICY_ACTIONS.map((action) => {
        const all = rules.filter((rule) =>
          rule.action === null ? !ADMINISTRATIVE.has(action) : rule.action === action,
        );
        return [action, { all, from: sideOf(all, "from"), to: sideOf(all, "to") }];
      }),
    );
    const coming = [...this.#ends.values()].filter((end) => end > now);
    return [byAction, Math.min(Infinity, ...coming)];
  }
}

function sideOf(rules: readonly Rule[], side: "from" | "to"): Side {
  const named = new Map<string, number[]>();
  const unnamed: number[] = [];
  for (const [at, rule] of rules.entries()) {
    const pattern = rule[side];
    if (pattern.kind !== "vm") unnamed.push(at);
    else if (named.get(pattern.name)?.push(at) === undefined) named.set(pattern.name, [at]);
  }
  return { named, unnamed };
}

/** Of the rules that this side does not rule out. */
function placesOf(
  { named, unnamed }: Side,
  party: Crossing["to"],
  namesOf: (id: VmId) => readonly string[],
): (readonly number[])[] {
  const vms = party.kind === "vm" ? [party.id, party.forVm?.id ?? null] : [];
  const names = vms.flatMap((id) => (id === null ? [] : namesOf(id)));
  return [unnamed, ...names.map((name) => named.get(name) ?? [])];
}

function count(places: readonly (readonly number[])[]): number {
  return places.reduce((sum, { length }) => sum + length, 0);
}
