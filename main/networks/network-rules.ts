/**
 * The policy's rules as the firewall gets them, and which line of the policy each was made of: by its id and the revision,
 * so that what an old flow says of its rule stays right when the policy is edited.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { FirewallRule, LinkRules } from "#shared/model/firewall.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import { type CompiledRules, compileRules, type PlaceOf } from "./compile-rules.ts";

/** Of a rule of policy.yaml as it was then, or of a person's answer. */
export interface RuleSource {
  /** null: it is in no file. */
  readonly line: number | null;
  readonly text: string;
}

/** Older revisions are forgotten: flows are reported within seconds. */
const MAX_REVISIONS = 100;

const keptSchema = z.strictObject({ revision: z.int().min(0) });

/** Rules that are in no file, such as a person's answer for an hour: put among the policy's rules. */
export type AddRules = (
  vm: VmId,
  rules: readonly FirewallRule[],
) => { rules: readonly FirewallRule[]; sources: ReadonlyMap<string, RuleSource> };

interface Options {
  policy: Pick<Policy, "rulesFrom" | "circumstances">;
  stateFolder: string;
  /** Whether the person is asked of this VM's names on first use. */
  asks?: (vm: VmParty) => boolean;
  /** Whether all of this VM is scanned. */
  scans?: (vm: VmParty) => boolean;
  addRules?: AddRules;
}

export class NetworkRules {
  readonly #options: Options;
  readonly #file: string;
  readonly #sources = new Map<number, ReadonlyMap<string, RuleSource>>();
  #revision: number;
  /** What was sent last, as text. */
  #last = "";

  constructor(options: Options) {
    this.#options = options;
    this.#file = path.join(options.stateFolder, "network-rules.json");
    this.#revision = readRevision(this.#file);
  }

  /** Of what was made last. It rises with each change of any rule, and never goes back, also after a new start. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * @param vms null: a VM that is not there any more, which may connect to nothing
   * @param linkOf the link of one of them
   */
  make(
    vms: ReadonlyMap<VmId, VmParty | null>,
    linkOf: (vm: VmId) => string | null = () => null,
  ): ReadonlyMap<VmId, LinkRules> {
    const placeOf: PlaceOf = (vm) => {
      const [link, name] = [linkOf(vm), vms.get(vm)?.name];
      return link === null || name === undefined ? null : { link, name };
    };
    const { policy, addRules, asks = () => false, scans = () => false } = this.#options;
    const { circumstances } = policy;
    const sources = new Map<string, RuleSource>();
    const made = [...vms].map(([id, vm]) => {
      const compiled =
        vm === null
          ? NOTHING
          : compileRules(policy.rulesFrom("net.connect", vm), vm, {
              ...circumstances,
              asks: asks(vm),
              scans: scans(vm),
              placeOf,
            });
      for (const [rule, { line, text }] of compiled.sources) sources.set(rule, { line, text });
      const added = addRules?.(id, compiled.rules);
      for (const [rule, source] of added?.sources ?? []) sources.set(rule, source);
      return [id, { ...compiled, rules: added?.rules ?? compiled.rules }] as const;
    });
    const text = JSON.stringify([made.map(([id, { rules, scan }]) => [id, rules, scan]), [...sources]]);
    if (text !== this.#last) this.#next(text, sources);
    return new Map(
      made.map(([id, { rules, checksNames, scan }]) => [id, { revision: this.#revision, rules, checksNames, scan }]),
    );
  }

  /** null: no line of the policy had that id then. */
  sourceOf(rule: string, revision: number): RuleSource | null {
    const then = this.#sources.get(revision)?.get(rule);
    if (then !== undefined) return then;
    // Of an earlier run of the application: a rule with that id has the same text, if perhaps another line.
    return [...this.#sources.values()].findLast((sources) => sources.has(rule))?.get(rule) ?? null;
  }

  #next(text: string, sources: ReadonlyMap<string, RuleSource>): void {
    this.#last = text;
    this.#revision += 1;
    this.#sources.set(this.#revision, sources);
    for (const revision of this.#sources.keys()) if (this.#sources.size > MAX_REVISIONS) this.#sources.delete(revision);
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify({ revision: this.#revision }));
    } catch (error) {
      log(`the revision of the network's rules is not saved: ${messageOf(error)}`);
    }
  }
}

const NOTHING: CompiledRules = { rules: [], checksNames: false, scan: false, sources: new Map() };

/** Where it cannot be read, a time serves: it is later than all before. */
function readRevision(file: string): number {
  try {
    return keptSchema.parse(JSON.parse(fs.readFileSync(file, "utf8"))).revision;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? 0 : Math.floor(Date.now() / 1000);
  }
}
