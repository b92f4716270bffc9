/**
 * The policy in force: `config/policy.yaml`, read again when a person edits it. A file with a mistake lets nothing cross until
 * it is fixed; one that breaks its own tests is not taken, and the rules before it stay in force.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type {
  PolicyAction,
  PolicyAnswer,
  PolicyDecision,
  PolicyRuleView,
  PolicyTestResult,
} from "#shared/model/policy.ts";
import { AppError } from "#shared/model/app-error.ts";
import { type FileProblem, problemWords, unreadable } from "#shared/model/yaml-file.ts";
import { exists } from "../base/exists.ts";
import { Emitter } from "../base/emitter.ts";
import type { VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { textOrNone } from "../base/read-text.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { replacePersonsFile, writeFileAtomically } from "../base/write-file.ts";
import type { Crossing, VmParty } from "./crossing.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { type Circumstances, evaluate, type Evaluation } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { EndedRules } from "./ended-rules.ts";
import { PolicyNames } from "./names.ts";
import { POLICY_FILE, type PolicyFile, readPolicy } from "./policy-file.ts";
import { RulesInForce } from "./rules-in-force.ts";
import { type Rule, vmNameIn } from "./rules.ts";
import { hasScannerOf } from "./scanners.ts";
import { crossingOf, tryExpectation } from "./simulate.ts";

/** The text of the rules that were last in force: for a start with a file whose tests fail. */
const LAST_GOOD = "policy-last-good.yaml";
/** An editor may empty the file before it writes: what stays so for this long, ms, is a policy without rules. */
const EMPTY_MS = 500;
/** A timer that shall last longer ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface PolicyOptions {
  configFolder: string;
  stateFolder: string;
  vms: () => readonly VmParty[];
  /** Whether an address is this machine's own, or of a network that it is in. */
  isNear?: (address: string) => boolean;
  /** Whether there is a scanner that works, of what an action lets through; without this, none. */
  hasScanner?: Circumstances["hasScanner"];
  /** Of a VM, those that its network has; without this, none. */
  addressesOf?: Circumstances["addressesOf"];
  /** Milliseconds since 1970: what the host's clock says, which may jump. */
  now?: () => number;
  /** Milliseconds since any moment, which only ever run on. */
  elapsed?: () => number;
}

/** A name in rules that means no VM: its rules match nothing. */
export interface UnboundName {
  name: string;
  lines: number[];
  /** `not-yet`: no VM has had that name; `removed`: the VM that had it was removed. */
  fate: "not-yet" | "removed";
  /** A VM that has the name now. */
  hasHeir: boolean;
}

/** What the policy says of a crossing. */
export interface PolicyDecided extends Evaluation {
  readonly answer: PolicyAnswer;
}

/** What makes another text of the policy's own, whose rules are given. */
export type PolicyEdit = (text: string, rules: readonly Rule[]) => string;

/** `changed`: what is decided may be another, because the rules or what their names mean have changed, or one has ended. */
export class Policy extends Emitter<{ changed: [] }> {
  /** Absolute path of the file that a person edits. */
  readonly file: string;
  readonly #options: PolicyOptions;
  readonly #lastGood: string;
  readonly #names: PolicyNames;
  readonly #ended: EndedRules;
  /** null: nothing may cross. */
  #inForce: RulesInForce | null = null;
  /** Also while nothing may cross. */
  #lastInForce: RulesInForce | null = null;
  #problem: FileProblem | null = null;
  #loading: Promise<void> = Promise.resolve();
  /** The newest of what changes the file: they take turns. */
  #changing: Promise<unknown> = Promise.resolve();
  #endTimer: NodeJS.Timeout | undefined;

  constructor(options: PolicyOptions) {
    super();
    this.#options = options;
    this.file = path.join(options.configFolder, POLICY_FILE);
    this.#lastGood = path.join(options.stateFolder, LAST_GOOD);
    this.#names = new PolicyNames(options.stateFolder);
    this.#ended = new EndedRules(options.stateFolder);
  }

  /** Writes the default policy where there has been none, and reads the file. */
  async open(): Promise<void> {
    if (!(await exists(this.#lastGood)) && !(await exists(this.file))) {
      await fsp.mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
      await writeFileAtomically(this.file, DEFAULT_POLICY, { isNew: true });
    }
    await this.load();
  }

  /** Reads the file; the newest of several calls that overlap counts. */
  load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#load());
    return this.#loading;
  }

  /** Calls `changed` after the file has been read again because a person edited it. Returns a function that ends that. */
  watch(changed: () => void): Promise<() => void> {
    return Promise.resolve(watchFolder(path.dirname(this.file), () => void this.load().then(changed)));
  }

  /** Names of rules are bound to VMs that have come. */
  vmsChanged(): void {
    if (this.#inForce !== null) this.#bindNames(this.#inForce.file);
  }

  get state(): "in-force" | "broken" | "not-taken" {
    if (this.#problem === null) return "in-force";
    return this.#inForce === null ? "broken" : "not-taken";
  }

  /** Why the file is not in force; null: it is. */
  get problem(): FileProblem | null {
    return this.#problem;
  }

  /** Rules that name a VM which is not there, or no longer: they match nothing. */
  get warnings(): FileProblem[] {
    const fates = new Map(this.unbound.map(({ name, fate }) => [name, fate]));
    return this.#rules.flatMap(({ line, from, to }) =>
      [from, to].flatMap((pattern) => {
        const name = vmNameIn(pattern);
        const fate = name === null ? undefined : fates.get(name);
        if (fate === undefined) return [];
        const why = fate === "not-yet" ? "there is no VM of that name yet" : "that VM was removed";
        return [{ file: this.file, line, column: 1, reason: `"${name}" matches nothing: ${why}` }];
      }),
    );
  }

  get unbound(): UnboundName[] {
    const vms = this.#options.vms();
    const there = new Set(vms.map(({ id }) => id));
    const found = new Map<string, UnboundName>();
    for (const { line, from, to } of this.#rules) {
      for (const pattern of [from, to]) {
        const name = vmNameIn(pattern);
        if (name === null) continue;
        const id = this.#names.boundTo(name);
        if (id !== null && there.has(id)) continue;
        const hasHeir = vms.some((vm) => vm.name === name);
        const unbound = found.get(name) ?? { name, lines: [], fate: id === null ? "not-yet" : "removed", hasHeir };
        if (unbound.lines.at(-1) !== line) unbound.lines.push(line);
        found.set(name, unbound);
      }
    }
    return [...found.values()];
  }

  /** Whether a rule that names this party would mean it: a name may still be that of a VM that was removed. */
  canName(party: Crossing["to"]): boolean {
    const vm = party.kind === "vm-place" ? party.vm : party;
    if (vm.kind !== "vm") return true;
    const id = this.#names.boundTo(vm.name);
    return id === null || id === vm.id;
  }

  /** A person says that the rules with this name are for the VM that has it now. @throws AppError vm.not-found */
  takeOver(name: string): void {
    const vms = this.#options.vms();
    if (!vms.some((vm) => vm.name === name))
      throw new AppError("vm.not-found", `There is no VM named "${name}".`, { vm: name });
    this.#names.takeOver(name, vms);
    this.emit("changed");
  }

  /** The first rule that matches, else deny; deny while the file has a mistake. */
  decide(crossing: Crossing): PolicyDecided {
    if (this.#inForce === null) {
      const explanation = `Nothing may cross until policy.yaml is fixed: ${this.#problem?.reason ?? "it was not read yet"}.`;
      return { decision: "deny", rule: null, refusal: null, answer: { decision: "deny", rule: null, explanation } };
    }
    const evaluation = evaluate(this.#inForce.for(crossing, this.#names.namesOf), crossing, this.circumstances);
    return { ...evaluation, answer: explain(evaluation, crossing) };
  }

  /**
   * The same for a crossing in words: `from` and `to` as a rule has them, where a group stands for any VM of it.
   * @throws AppError usage.bad-argument, vm.not-found
   */
  check(action: PolicyAction, from: string, to: string, type: string | null): PolicyAnswer {
    return this.decide(crossingOf({ action, from, to, type }, this.#options.vms())).answer;
  }

  /** The rules that may decide what comes from this VM, in their order: none while the file has a mistake, which denies all. */
  rulesFrom(action: PolicyAction, from: VmParty): readonly Rule[] {
    const anywhere = { kind: "destination", name: null, address: null, port: null, protocol: null } as const;
    const crossing = { action, from, to: anywhere, type: null, bytes: null };
    return this.#inForce?.for(crossing, this.#names.namesOf) ?? [];
  }

  /** Milliseconds until the next rule ends, by the clock that only runs on; Infinity: none does. */
  get nextEndInMs(): number {
    return this.#inForce?.nextEndInMs ?? Infinity;
  }

  get rules(): PolicyRuleView[] {
    return this.#rules.map(({ line, words, type, decision, until }) => ({
      line,
      ...words,
      type,
      decision,
      until: until === null ? null : new Date(until).toISOString(),
    }));
  }

  /** Tries the tests of the file as it is now. @throws AppError policy.broken */
  async test(): Promise<PolicyTestResult[]> {
    const read = await this.#read();
    if (!read.ok) throw brokenError(read.problem);
    return this.#try(read.value).map(resultOf);
  }

  /** What would be wrong with `text` as the policy; null: it would be taken. */
  #problemWith(text: string): FileProblem | null {
    const read = readPolicy(text, this.file);
    return read.ok ? this.#failingTest(read.value) : read.problem;
  }

  /** The file as it is. @throws AppError policy.broken, also where there is none */
  async text(): Promise<string> {
    return fsp.readFile(this.file, "utf8").catch((error: unknown) => {
      throw brokenError(unreadable(this.file, error));
    });
  }

  /** The same, and "" where there is none: for what replaces all of it. @throws AppError policy.broken */
  async textOrNone(): Promise<string> {
    return textOrNone(this.file).catch((error: unknown) => {
      throw brokenError(unreadable(this.file, error));
    });
  }

  /** Writes `text` into the file, where it still says `before`; "": or there is none. @throws AppError policy.broken, policy.changed */
  replace(before: string, text: string): Promise<void> {
    return this.#exclusive(() => this.#replace(before, text));
  }

  async #replace(before: string, text: string): Promise<void> {
    const problem = this.#problemWith(text);
    if (problem !== null)
      throw new AppError("policy.broken", `${problemWords(problem)}. The file is as it was.`, { ...problem });
    if ((await this.textOrNone()) !== before) {
      throw new AppError("policy.changed", `${this.file} was changed meanwhile, and is left as it is: edit it again.`, {
        file: this.file,
      });
    }
    await fsp.mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
    await replacePersonsFile(this.file, text);
    await this.load();
  }

  /** What is wrong with `text` as the policy, and how its tests go. */
  tryText(text: string): { problem: FileProblem | null; tests: PolicyTestResult[] } {
    const read = readPolicy(text, this.file);
    return read.ok
      ? { problem: null, tests: this.#try(read.value).map(resultOf) }
      : { problem: read.problem, tests: [] };
  }

  /** What the rules of `text` would decide about crossings. @throws AppError policy.broken */
  decisionsOf(text: string): (crossing: Crossing) => PolicyDecision {
    const read = readPolicy(text, this.file);
    if (!read.ok) throw brokenError(read.problem);
    const circumstances = this.#onceTaken;
    return (crossing) => evaluate(read.value.rules, crossing, circumstances).decision;
  }

  /**
   * Changes the file by `edit`, if it holds afterwards.
   * @returns its text before and after
   * @throws AppError policy.broken, policy.changed
   */
  change(edit: PolicyEdit): Promise<{ before: string; after: string }> {
    return this.#exclusive(async () => {
      const { before, after } = await this.tryChange(edit);
      if (after !== before) await this.#replace(before, after);
      return { before, after };
    });
  }

  /** Two at once would both find the file as it was, and the second would undo the first. */
  #exclusive<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  /** The same without writing it. @throws AppError policy.broken */
  async tryChange(edit: PolicyEdit): Promise<{ before: string; after: string }> {
    const before = await this.text();
    const read = readPolicy(before, this.file);
    if (!read.ok) throw brokenError(read.problem);
    return { before, after: edit(before, read.value.rules) };
  }

  /** The VMs that there are, as rules see them. */
  get vms(): readonly VmParty[] {
    return this.#options.vms();
  }

  /** The text of the rules that were last in force; null: there is none. */
  lastGood(): Promise<string | null> {
    return fsp.readFile(this.#lastGood, "utf8").catch(() => null);
  }

  get #rules(): readonly Rule[] {
    return this.#inForce?.file.rules ?? [];
  }

  /** As they are now. */
  get circumstances(): Circumstances {
    const { now = Date.now, isNear = () => false, hasScanner = () => false, addressesOf = () => [] } = this.#options;
    return { now: now(), boundTo: (name) => this.#names.boundTo(name), hasScanner, isNear, addressesOf };
  }

  /** As they are when the rules are taken that are looked at: names that they are the first to mention are bound then. */
  get #onceTaken(): Circumstances {
    const vms = this.#options.vms();
    const idOf = (name: string): VmId | null => vms.find((vm) => vm.name === name)?.id ?? null;
    return { ...this.circumstances, boundTo: (name) => this.#names.boundTo(name) ?? idOf(name) };
  }

  async #load(): Promise<void> {
    let read = await this.#read();
    if (read.ok && read.text === "" && ((await this.lastGood()) ?? "") !== "") {
      await new Promise((resolve) => setTimeout(resolve, EMPTY_MS));
      read = await this.#read();
    }
    if (!read.ok) this.#refuse(read.problem, null);
    else {
      const lastGood = await this.#readLastGood();
      // What a file that was taken says may come back with it, and must then mean the same VMs.
      this.#bindNames(read.value, lastGood, this.#inForce?.file ?? null);
      const failing = this.#failingTest(read.value);
      if (failing === null) await this.#take(read.value, read.text);
      else this.#refuse(failing, this.#inForce ?? this.#lastInForce ?? (lastGood && this.#enforced(lastGood)));
    }
    this.#watchEnds();
    this.emit("changed");
  }

  /** Of all that are in these files: no other name stays bound. */
  #bindNames(...files: (PolicyFile | null)[]): void {
    const mentioned = new Set(files.flatMap((file) => (file === null ? [] : [...mentionedIn(file)])));
    this.#names.update(mentioned, this.#options.vms());
  }

  async #take(file: PolicyFile, text: string): Promise<void> {
    this.#bindNames(file);
    this.#ended.retain(new Set(file.rules.map(({ text: rule }) => rule)));
    this.#inForce = this.#enforced(file);
    this.#problem = null;
    await writeFileAtomically(this.#lastGood, text).catch((error: unknown) =>
      log(problemWords(unreadable(this.#lastGood, error))),
    );
  }

  #enforced(file: PolicyFile): RulesInForce {
    const { now = Date.now, elapsed = () => performance.now() } = this.#options;
    const clocks = { now: now(), elapsed, earlier: this.#lastInForce, ended: this.#ended };
    return (this.#lastInForce = new RulesInForce(file, clocks));
  }

  /** Also where nothing is asked: an end that nobody has seen would not be kept. */
  #watchEnds(): void {
    clearTimeout(this.#endTimer);
    const { nextEndInMs } = this;
    if (nextEndInMs === Infinity) return;
    const passed = (): void => {
      this.#inForce?.passEnds();
      this.#watchEnds();
      // What was decided meanwhile knows of the end, and has told nobody.
      if (nextEndInMs <= MAX_TIMER_MS) this.emit("changed");
    };
    this.#endTimer = setTimeout(passed, Math.min(nextEndInMs, MAX_TIMER_MS));
    this.#endTimer.unref();
  }

  /** @param inForce rules of before that count meanwhile */
  #refuse(problem: FileProblem, inForce: RulesInForce | null): void {
    this.#inForce = inForce;
    const reason = inForce === null ? problem.reason : `${problem.reason}, and those before stay in force`;
    const before = this.#problem;
    this.#problem = { ...problem, reason };
    // The file is read again whenever something in its folder changes.
    if (!isDeepStrictEqual(before, this.#problem)) log(problemWords(this.#problem));
  }

  async #read(): Promise<({ ok: true; value: PolicyFile } & { text: string }) | { ok: false; problem: FileProblem }> {
    try {
      const text = await fsp.readFile(this.file, "utf8");
      const read = readPolicy(text, this.file);
      return read.ok ? { ok: true, value: read.value, text } : read;
    } catch (error) {
      return { ok: false, problem: unreadable(this.file, error) };
    }
  }

  async #readLastGood(): Promise<PolicyFile | null> {
    const text = await this.lastGood();
    if (text === null) return null;
    const read = readPolicy(text, this.#lastGood);
    return read.ok ? read.value : null;
  }

  /** As if scanners worked: those come and go by themselves, at each start too, and the file has to hold with them. */
  #try({ rules, tests }: PolicyFile): (PolicyTestResult & { line: number })[] {
    const vms = this.#options.vms();
    const hasScanner = hasScannerOf({ traffic: () => true, files: () => true });
    const circumstances = { ...this.#onceTaken, hasScanner };
    return tests.map((test) => tryExpectation(test, rules, vms, circumstances));
  }

  #failingTest(file: PolicyFile): FileProblem | null {
    const failing = this.#try(file).find(({ ok }) => !ok);
    if (failing === undefined) return null;
    const { line, name, expected, actual } = failing;
    const reason = `the test "${name}" expects ${expected}, and the rules say ${actual}: they are not taken`;
    return { file: this.file, line, column: 1, reason };
  }
}

function mentionedIn({ rules, tests }: PolicyFile): Set<string> {
  return new Set(
    [...rules, ...tests].flatMap(({ from, to }) => [from, to].map(vmNameIn).filter((name) => name !== null)),
  );
}

function resultOf({ name, expected, actual, ok }: PolicyTestResult): PolicyTestResult {
  return { name, expected, actual, ok };
}

function brokenError(problem: FileProblem): AppError {
  return new AppError("policy.broken", `${problemWords(problem)}. Nothing may cross until it is fixed.`, {
    ...problem,
  });
}
