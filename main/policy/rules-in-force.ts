/**
 * The rules that count, by action. A rule with `until` ends by the host's clock, or by a clock that only runs on, whichever
 * comes first: setting the host's clock back does not make it last longer.
 */
import { POLICY_ACTIONS, type PolicyAction } from "#shared/model/policy.ts";
import type { PolicyFile } from "./policy-file.ts";
import { ADMINISTRATIVE, type Rule } from "./rules.ts";

interface Clocks {
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds that only run on. */
  elapsed: () => number;
  /** The rules that were in force before: those that are the same end when they would have ended. */
  earlier: RulesInForce | null;
}

export class RulesInForce {
  readonly file: PolicyFile;
  readonly #elapsed: () => number;
  /** By the rule's text: when it ends, by the clock that only runs on. */
  readonly #ends: ReadonlyMap<string, number>;
  #byAction: ReadonlyMap<PolicyAction, readonly Rule[]>;
  #nextEnd: number;

  constructor(file: PolicyFile, { now, elapsed, earlier }: Clocks) {
    this.file = file;
    this.#elapsed = elapsed;
    this.#ends = new Map(
      file.rules.flatMap(({ text, until }) =>
        until === null
          ? []
          : [
              [
                text,
                Math.min(elapsed() + until - now, earlier === null ? Infinity : (earlier.#ends.get(text) ?? Infinity)),
              ],
            ],
      ),
    );
    [this.#byAction, this.#nextEnd] = this.#current();
  }

  /** Those that can match the action, in their order. */
  for(action: PolicyAction): readonly Rule[] {
    if (this.#elapsed() >= this.#nextEnd) [this.#byAction, this.#nextEnd] = this.#current();
    return this.#byAction.get(action) ?? [];
  }

  #current(): [ReadonlyMap<PolicyAction, readonly Rule[]>, number] {
    const now = this.#elapsed();
    const rules = this.file.rules.filter(({ text }) => now < (this.#ends.get(text) ?? Infinity));
    const byAction = new Map(
      POLICY_ACTIONS.map((action) => [
        action,
        rules.filter((rule) => (rule.action === null ? !ADMINISTRATIVE.has(action) : rule.action === action)),
      ]),
    );
    const coming = [...this.#ends.values()].filter((end) => end > now);
    return [byAction, Math.min(Infinity, ...coming)];
  }
}
