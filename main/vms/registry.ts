/**
 * The definitions that are files: reads the folder (again when a person edits in it), adds, removes. A broken file affects no
 * other.
 */
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { VM_NAME_PATTERN, VM_NAME_WORDS, type VmId, vmIdBeginning } from "#shared/model/vm.ts";
import { type FileProblem, problemWords, unreadable, type YamlResult } from "#shared/model/yaml-file.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { replacePersonsFile, syncFolder, writeFileAtomically } from "../base/write-file.ts";
import type { DriverType } from "../hardware/drivers.ts";
import {
  definitionSchema,
  type DefinitionSchema,
  formatDefinition,
  parseDefinition,
  type VmDefinition,
  withFields,
} from "./definition.ts";
import type { DefinitionSource } from "./definition-source.ts";

const SUFFIX = ".yaml";
/** An editor may remove a file before it writes it, or a tool the whole folder: what stays gone for this long is a removed VM. */
const MISSING_MS = 500;

export class VmRegistry implements DefinitionSource {
  readonly #folder: string;
  readonly #schema: DefinitionSchema;
  #definitions = new Map<VmId, VmDefinition>();
  /** VMs whose files are gone, and since when by the monotonic clock. They are kept until that was long ago. */
  #missing = new Map<VmId, number>();
  #problems: FileProblem[] = [];
  /** The newest of what reads or writes the folder: they take turns. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param drivers whose VMs can be defined */
  constructor(configFolder: string, drivers: readonly [DriverType, ...DriverType[]]) {
    this.#folder = path.join(configFolder, "vms");
    this.#schema = definitionSchema(drivers);
  }

  /** Nobody has defined a VM yet. */
  get isNew(): boolean {
    return !fs.existsSync(this.#folder);
  }

  /** In the order of their names. */
  get all(): VmDefinition[] {
    return [...this.#definitions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What is wrong with files that are not used. */
  get problems(): readonly FileProblem[] {
    return this.#problems;
  }

  /** Of the file that would define this VM. */
  problemOf(name: string): FileProblem | undefined {
    return this.#problems.find(({ file }) => file === this.#fileOf(name));
  }

  /**
   * Reads all definitions; a VM that was known keeps its definition while its file is broken, and for a moment when it is gone.
   * True: there was no folder yet, so this is the first start.
   */
  load(): Promise<boolean> {
    return this.#exclusive(() => this.#load());
  }

  /** Calls `changed` after the folder has been read again because something in it changed. Returns a function that ends it. */
  async watch(changed: () => void): Promise<() => void> {
    // A folder that cannot be made has no files that somebody edits.
    await this.#makeFolder().catch(() => undefined);
    let again: NodeJS.Timeout | undefined;
    let isWatched = true;
    const read = (): void => {
      changed();
      clearTimeout(again);
      if (!isWatched || this.#missing.size === 0) return;
      const goneForMs = performance.now() - Math.min(...this.#missing.values());
      again = setTimeout(look, Math.max(0, MISSING_MS - goneForMs));
    };
    const look = (): void => void this.load().then(read, () => undefined);
    const end = watchFolder(this.#folder, look);
    return () => {
      isWatched = false;
      clearTimeout(again);
      end();
    };
  }

  find(name: string): VmDefinition | undefined {
    return this.all.find((definition) => definition.name === name);
  }

  /**
   * Makes the folder with the VMs of the first start in it, all or none: after a failure it is still the first start.
   * @throws AppError file.write-failed
   */
  begin(definitions: readonly VmDefinition[]): Promise<void> {
    return this.#exclusive(() => this.#begin(definitions));
  }

  /** @throws AppError vm.bad-name, vm.name-taken */
  add(definition: VmDefinition): Promise<void> {
    return this.#exclusive(() => this.#add(definition));
  }

  /**
   * Changes these fields in the VM's file.
   * @throws AppError vm.bad-definition, where it would not hold (and is left as it is); file.write-failed
   */
  change(id: VmId, fields: Readonly<Record<string, string | number>>): Promise<void> {
    return this.#exclusive(() => this.#change(id, fields));
  }

  remove(id: VmId): Promise<void> {
    return this.#exclusive(async () => {
      const definition = this.#definitions.get(id);
      if (definition === undefined) return;
      await fsp.rm(this.#fileOf(definition.name), { force: true });
      this.#definitions.delete(id);
    });
  }

  async #load(): Promise<boolean> {
    const files = await fsp.readdir(this.#folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    });
    const claims = new Map<string, VmDefinition[]>();
    const problems: FileProblem[] = [];
    // Hidden files are temporary ones, of editors and of ours.
    const names = (files ?? []).filter((file) => file.endsWith(SUFFIX) && !file.startsWith("."));
    for (const name of names.map((file) => path.basename(file, SUFFIX)).sort()) {
      const read = await this.#read(name);
      if (!read.ok) problems.push(read.problem);
      const definition = read.ok ? read.value : this.find(name);
      if (definition === undefined) continue;
      const beginning = vmIdBeginning(definition.id);
      claims.set(beginning, [...(claims.get(beginning) ?? []), definition]);
    }
    const definitions = new Map<VmId, VmDefinition>();
    for (const claimants of claims.values()) {
      // Two files with one id, or with ids that begin alike, which name windows and folders of sockets: the file that had its id
      // before keeps it; if neither had, neither is used. A copied file must never get hold of another VM's disk and machine.
      const owner =
        claimants.length === 1
          ? claimants[0]
          : claimants.find(({ id, name }) => this.#definitions.get(id)?.name === name);
      if (owner !== undefined) definitions.set(owner.id, owner);
      for (const { name } of claimants.filter((claimant) => claimant !== owner))
        problems.push(this.#duplicateId(name, owner === undefined ? claimants : [owner]));
    }
    const now = performance.now();
    const gone = [...this.#definitions.values()].filter(
      // A file of another name with its id is the same VM, renamed.
      ({ id, name }) => !names.includes(`${name}${SUFFIX}`) && !claims.has(vmIdBeginning(id)),
    );
    this.#missing = new Map(
      gone.map(({ id }) => [id, this.#missing.get(id) ?? now] as const).filter(([, since]) => now - since < MISSING_MS),
    );
    for (const definition of gone) if (this.#missing.has(definition.id)) definitions.set(definition.id, definition);
    this.#definitions = definitions;
    this.#problems = problems;
    return files === null;
  }

  #duplicateId(name: string, others: VmDefinition[]): FileProblem {
    const names = others.map((other) => `"${other.name}"`).filter((other) => other !== `"${name}"`);
    const reason = `id: VM ${names.join(", ")} has the same one, or one that begins alike; give the copy its own ("uuidgen" makes one)`;
    return { file: this.#fileOf(name), line: 1, column: 1, reason };
  }

  async #read(name: string): Promise<YamlResult<VmDefinition>> {
    const file = this.#fileOf(name);
    return fsp.readFile(file, "utf8").then(
      (text) => parseDefinition(this.#schema, name, text, file),
      (error: unknown) => ({ ok: false, problem: unreadable(file, error) }),
    );
  }

  async #begin(definitions: readonly VmDefinition[]): Promise<void> {
    const partial = path.join(path.dirname(this.#folder), `.${path.basename(this.#folder)}.partial`);
    try {
      // Left by a first start that was interrupted.
      await fsp.rm(partial, { recursive: true, force: true });
      await fsp.mkdir(partial, { recursive: true, mode: 0o700 });
      for (const definition of definitions) {
        const file = path.join(partial, `${definition.name}${SUFFIX}`);
        await fsp.writeFile(file, formatDefinition(definition), { mode: 0o600, flush: true });
      }
      await syncFolder(partial);
      await fsp.rename(partial, this.#folder);
      await syncFolder(path.dirname(this.#folder));
    } catch (error) {
      await fsp.rm(partial, { recursive: true, force: true });
      throw notWritten(this.#folder, error);
    }
    for (const definition of definitions) this.#definitions.set(definition.id, definition);
  }

  async #add(definition: VmDefinition): Promise<void> {
    const { name } = definition;
    if (!VM_NAME_PATTERN.test(name))
      throw new AppError("vm.bad-name", `"${name}" is not a valid VM name: use ${VM_NAME_WORDS}.`, { name });
    const taken = new AppError(
      "vm.name-taken",
      `There is a VM named "${name}" already: choose another name, or remove that one first.`,
      { name },
    );
    if (this.find(name) !== undefined) throw taken;
    if (this.all.some(({ id }) => vmIdBeginning(id) === vmIdBeginning(definition.id)))
      throw new AppError("internal", `The id that was made for "${name}" begins as another VM's: try again.`);
    const file = this.#fileOf(name);
    await this.#makeFolder().catch((error: unknown) => {
      throw notWritten(file, error);
    });
    // A broken file of that name is a person's work and is not overwritten.
    try {
      await writeFileAtomically(file, formatDefinition(definition), { isNew: true });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "EEXIST" ? taken : notWritten(file, error);
    }
    this.#definitions.set(definition.id, definition);
  }

  async #change(id: VmId, fields: Readonly<Record<string, string | number>>): Promise<void> {
    const definition = this.#definitions.get(id);
    if (definition === undefined) throw new AppError("vm.not-found", "The VM was removed meanwhile.", { vm: id });
    const { name } = definition;
    const file = this.#fileOf(name);
    const bad = (problem: FileProblem): AppError =>
      new AppError("vm.bad-definition", `${problemWords(problem)}. The file is as it was.`, { vm: name, ...problem });
    const text = await fsp.readFile(file, "utf8").catch((error: unknown) => {
      throw bad(unreadable(file, error));
    });
    const before = parseDefinition(this.#schema, name, text, file);
    if (!before.ok) throw bad(before.problem);
    const changed = withFields(text, fields);
    const after = parseDefinition(this.#schema, name, changed, file);
    if (!after.ok) throw bad(after.problem);
    await replacePersonsFile(file, changed).catch((error: unknown) => {
      throw notWritten(file, error);
    });
    this.#definitions.set(id, after.value);
  }

  async #makeFolder(): Promise<void> {
    await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  #fileOf(name: string): string {
    return path.join(this.#folder, `${name}${SUFFIX}`);
  }

  #exclusive<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(act);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function notWritten(file: string, cause: unknown): AppError {
  return new AppError("file.write-failed", `${file} cannot be written: ${messageOf(cause)}.`, { file }, { cause });
}
