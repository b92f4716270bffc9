/**
 * The rules of opening in force: `config/open.yaml`, read again when a person edits it, and changed by their answers and in the
 * settings, which can be undone. While the file has a mistake, the rules before it stay in force, also after a new start.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import type { OpenChange } from "#shared/ipc/open.ts";
import type { TypeGroup } from "#shared/model/open.ts";
import { type FileProblem, problemWords, unreadable } from "#shared/model/yaml-file.ts";
import { Emitter } from "../base/emitter.ts";
import { LastGood } from "../base/last-good.ts";
import { log } from "../base/log.ts";
import type { Paths } from "../base/paths.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { replacePersonsFile, writeFileAtomically } from "../base/write-file.ts";
import { type RuleFields, withoutRules, withRule, withRuleReplaced } from "../policy/rule-edit.ts";
import { DEFAULT_OPEN_RULES } from "./default-rules.ts";
import { OPEN_RULES_FILE, type OpenRule, readOpenRules } from "./rules.ts";

/** In the state folder. */
const LAST_GOOD = "open-last-good.yaml";
/** Older changes cannot be undone. */
const MAX_CHANGES = 50;

export interface RuleChange {
  group: TypeGroup;
  /** As a rule has it. */
  from: string;
  in: string;
  edit: boolean;
}

interface Done {
  before: string;
  after: string;
}

export class OpenRules extends Emitter<{ changed: [OpenChange | null] }> {
  /** Absolute path of the file that a person edits. */
  readonly file: string;
  readonly #lastGood: LastGood;
  #rules: readonly OpenRule[];
  /** Whether the rules were read from a file. */
  #isKnown = false;
  #problem: FileProblem | null = null;
  #loading: Promise<void> = Promise.resolve();
  readonly #done = new Map<number, Done>();
  #lastId = 0;

  constructor({ config, state }: Pick<Paths, "config" | "state">) {
    super();
    this.file = path.join(config, OPEN_RULES_FILE);
    this.#lastGood = new LastGood(path.join(state, LAST_GOOD));
    this.#rules = rulesIn(DEFAULT_OPEN_RULES, this.file);
  }

  /** In the order in which they count. */
  get current(): readonly OpenRule[] {
    return this.#rules;
  }

  /** Why the file is not in force; null: it is. */
  get problem(): FileProblem | null {
    return this.#problem;
  }

  /** Writes the default rules where there is no file, and reads it. */
  async open(): Promise<void> {
    await fsp.mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
    await writeFileAtomically(this.file, DEFAULT_OPEN_RULES, { isNew: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") log(problemWords(unreadable(this.file, error)));
    });
    await this.load();
  }

  /** Reads the file; the newest of several calls that overlap counts. */
  load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#load());
    return this.#loading;
  }

  /** Calls `changed` after the file has been read again because a person edited it. Returns a function that ends that. */
  watch(changed: () => void): Promise<() => void> {
    const edited = (): void => {
      this.emit("changed", null);
      changed();
    };
    return Promise.resolve(watchFolder(path.dirname(this.file), () => void this.load().then(edited)));
  }

  /**
   * Writes a rule for this group and origin before the one that decides now, or changes their own.
   * @param decides what decides now; null: no rule does
   * @throws AppError open.bad-rule, open.changed
   */
  set({ group, from, in: place, edit }: RuleChange, decides: OpenRule | null): Promise<OpenChange> {
    const rule: RuleFields = { type: group, from, in: place, ...(edit ? { edit } : {}) };
    return this.#change((text, rules) => {
      if (decides === null) return withRule(text, rule, null, null);
      const at = rules.findIndex(({ line, text: words }) => line === decides.line && words === decides.text);
      if (at === -1) throw changedMeanwhile(this.file);
      const isOwn = decides.group === group && decides.fromWord === from;
      return isOwn ? withRuleReplaced(text, at, rule, null) : withRule(text, rule, at, null);
    });
  }

  /** @throws AppError open.changed, open.bad-rule */
  takeBack({ line, text: words }: { line: number; text: string }): Promise<OpenChange> {
    return this.#change((text, rules) => {
      const at = rules.findIndex((rule) => rule.line === line && rule.text === words);
      if (at === -1) throw changedMeanwhile(this.file);
      return withoutRules(text, [at]);
    });
  }

  /** @throws AppError open.changed, open.bad-rule */
  async undo(id: number): Promise<void> {
    const done = this.#done.get(id);
    if (done === undefined) throw changedMeanwhile(this.file);
    await this.#replace(done.after, done.before);
    this.#done.delete(id);
    this.emit("changed", null);
  }

  async #change(edit: (text: string, rules: readonly OpenRule[]) => string): Promise<OpenChange> {
    const before = await this.#text();
    const read = readOpenRules(before, this.file);
    if (!read.ok) throw badRule(read.problem);
    const after = edit(before, read.value);
    if (after !== before) await this.#replace(before, after);
    this.#lastId += 1;
    this.#done.set(this.#lastId, { before, after });
    for (const id of this.#done.keys()) if (this.#done.size > MAX_CHANGES) this.#done.delete(id);
    const change = { change: this.#lastId, rule: newRuleOf(read.value, this.#rules) };
    this.emit("changed", change);
    return change;
  }

  async #replace(before: string, after: string): Promise<void> {
    const read = readOpenRules(after, this.file);
    if (!read.ok) throw badRule(read.problem);
    if ((await this.#text()) !== before) throw changedMeanwhile(this.file);
    await replacePersonsFile(this.file, after);
    await this.load();
  }

  async #load(): Promise<void> {
    const read = await fsp.readFile(this.file, "utf8").then(
      (text) => ({ ...readOpenRules(text, this.file), text }),
      (error: unknown) => ({ ok: false as const, problem: unreadable(this.file, error) }),
    );
    this.#problem = read.ok ? null : read.problem;
    if (read.ok) {
      this.#rules = read.value;
      this.#isKnown = true;
      return this.#lastGood.keep(read.text);
    }
    log(problemWords(read.problem));
    if (!this.#isKnown) await this.#recall();
  }

  /** The rules that were last in force, in an earlier run. */
  async #recall(): Promise<void> {
    const text = await this.#lastGood.text();
    const read = text === null ? null : readOpenRules(text, this.file);
    if (read?.ok !== true) return;
    this.#rules = read.value;
    this.#isKnown = true;
  }

  #text(): Promise<string> {
    return fsp.readFile(this.file, "utf8").catch((error: unknown) => {
      throw badRule(unreadable(this.file, error));
    });
  }
}

/** The rule that is there now and was not before, as often; null: none. */
function newRuleOf(before: readonly OpenRule[], now: readonly OpenRule[]): OpenChange["rule"] {
  const left = before.map(({ text }) => text);
  for (const { line, text } of now) {
    const at = left.indexOf(text);
    if (at === -1) return { line, text };
    left.splice(at, 1);
  }
  return null;
}

function rulesIn(text: string, file: string): readonly OpenRule[] {
  const read = readOpenRules(text, file);
  return read.ok ? read.value : [];
}

function badRule(problem: FileProblem): AppError {
  return new AppError("open.bad-rule", `${problemWords(problem)}. The file is as it was.`, { ...problem });
}

function changedMeanwhile(file: string): AppError {
  return new AppError("open.changed", `${file} was changed meanwhile, and is left as it is: look at it again.`, {
    file,
  });
}
