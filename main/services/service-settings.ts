/**
 * What a person has chosen of a service's settings: `config/services/NAME.yaml`. What is not there has its default. The text that
 * was last of use is kept in the state folder: a mistake in the file never makes less of what was chosen, also after a new start.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { type ServiceSetting, type SettingValue, settingProblem } from "#shared/model/service.ts";
import { type FileProblem, problemWords, readYaml, unreadable, type YamlResult } from "#shared/model/yaml-file.ts";
import { log } from "../base/log.ts";
import { textOrNone } from "../base/read-text.ts";
import { replacePersonsFile, writeFileAtomically } from "../base/write-file.ts";

export type SettingSchemas = Readonly<Record<string, ServiceSetting>>;
type Values = Record<string, SettingValue>;

/** An editor may remove the file, or empty it, before it writes: only what stays so for this long is a choice of the defaults. */
const MISSING_MS = 2_000;

/** Folders of all services' settings; they need not exist. */
export interface SettingsFolders {
  /** Files that a person edits. */
  readonly own: string;
  /** Their texts that were last of use. */
  readonly lastGood: string;
}

export class ServiceSettings {
  readonly #file: string;
  readonly #lastGood: string;
  readonly #schemas: SettingSchemas;
  #values: Values;
  #isKnown = false;
  /** What was last of use; null: nothing was, or it was not read yet. */
  #text: string | null = null;
  #problem: FileProblem | null = null;

  constructor(folders: SettingsFolders, service: string, schemas: SettingSchemas) {
    this.#file = path.join(folders.own, `${service}.yaml`);
    this.#lastGood = path.join(folders.lastGood, `${service}.yaml`);
    this.#schemas = schemas;
    this.#values = this.#defaults;
  }

  /** By key, every one of the manifest's. */
  get values(): Readonly<Values> {
    return this.#values;
  }

  /** Why the file is not used; null: it is, or there is none. */
  get problem(): FileProblem | null {
    return this.#problem;
  }

  /** False: the file is of no use, and nothing was before. The values are the defaults, which may be less than a person wants. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** A file that is broken changes nothing: the values stay as they were. One that is gone, or empty, is looked at again first. */
  async load(): Promise<void> {
    if (this.#text === null) await this.#recall();
    let read = await this.#read();
    if (read.ok && read.text === "" && (this.#text ?? "") !== "") {
      await new Promise((resolve) => setTimeout(resolve, MISSING_MS));
      read = await this.#read();
    }
    this.#problem = read.ok ? null : read.problem;
    if (read.ok) await this.#take(read.text, read.value);
  }

  /** Writes these into the file; what else stands there stays. @throws AppError service.bad-setting, file.write-failed */
  async set(service: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) {
      const schema = this.#schemas[key];
      const problem = schema === undefined ? this.#unknown() : settingProblem(schema, value);
      if (problem !== null)
        throw new AppError("service.bad-setting", `Service "${service}", setting "${key}": ${problem}.`, {
          service,
          key,
        });
    }
    const text = await textOrNone(this.#file);
    const before = this.#parse(text);
    if (!before.ok)
      throw new AppError("service.bad-setting", `${problemWords(before.problem)}. Fix the file first.`, {
        service,
        ...before.problem,
      });
    const document = parseDocument(text);
    for (const [key, value] of Object.entries(values)) document.set(key, value);
    try {
      await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await replacePersonsFile(this.#file, document.toString());
    } catch (error) {
      const message = `${this.#file} cannot be written: ${messageOf(error)}.`;
      throw new AppError("file.write-failed", message, { file: this.#file }, { cause: error });
    }
    await this.load();
  }

  async remove(): Promise<void> {
    await fsp.rm(this.#file, { force: true });
    await fsp.rm(this.#lastGood, { force: true });
  }

  /** `text` "": there is no file, or an empty one. */
  async #read(): Promise<{ ok: true; value: Values; text: string } | { ok: false; problem: FileProblem }> {
    try {
      const text = await textOrNone(this.#file);
      const read = this.#parse(text);
      return read.ok ? { ...read, text } : read;
    } catch (error) {
      return { ok: false, problem: unreadable(this.#file, error) };
    }
  }

  /** What an earlier run of the application has found of use. */
  async #recall(): Promise<void> {
    const text = await fsp.readFile(this.#lastGood, "utf8").catch(() => null);
    // Another load may have been faster.
    if (text === null || this.#text !== null) return;
    this.#text = text;
    const read = this.#parse(text);
    if (!read.ok) return;
    this.#values = { ...this.#defaults, ...read.value };
    this.#isKnown = true;
  }

  async #take(text: string, value: Values): Promise<void> {
    this.#values = { ...this.#defaults, ...value };
    this.#isKnown = true;
    if (text === this.#text) return;
    this.#text = text;
    try {
      if (text === "") return await fsp.rm(this.#lastGood, { force: true });
      await fsp.mkdir(path.dirname(this.#lastGood), { recursive: true, mode: 0o700 });
      await writeFileAtomically(this.#lastGood, text);
    } catch (error) {
      log(`${this.#lastGood} is not written, so a mistake in ${this.#file} may undo settings: ${messageOf(error)}`);
    }
  }

  get #defaults(): Values {
    return Object.fromEntries(Object.entries(this.#schemas).map(([key, schema]) => [key, schema.default]));
  }

  #unknown(): string {
    const known = Object.keys(this.#schemas);
    return known.length === 0 ? "it has no settings" : `there is none; there are ${known.join(", ")}`;
  }

  #parse(text: string): YamlResult<Values> {
    const shape = Object.entries(this.#schemas).map(([key, schema]) => [
      key,
      z
        .custom<SettingValue>((value) => settingProblem(schema, value) === null, {
          error: ({ input }) => `must be ${settingProblem(schema, input) ?? "another value"}`,
        })
        .optional(),
    ]);
    return readYaml(
      z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType<SettingValue>>),
      text,
      this.#file,
    );
  }
}
