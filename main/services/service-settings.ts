/** What a person has chosen of a service's settings: `config/services/NAME.yaml`. What is not there has its default. */
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { type ServiceSetting, type SettingValue, settingProblem } from "#shared/model/service.ts";
import { type FileProblem, problemWords, readYaml, unreadable, type YamlResult } from "#shared/model/yaml-file.ts";
import { textOrNone } from "../base/read-text.ts";
import { writeFileAtomically } from "../base/write-file.ts";

export type SettingSchemas = Readonly<Record<string, ServiceSetting>>;
type Values = Record<string, SettingValue>;

export class ServiceSettings {
  readonly #file: string;
  readonly #schemas: SettingSchemas;
  #values: Values;
  #problem: FileProblem | null = null;

  /** @param folder of all services' settings; it need not exist */
  constructor(folder: string, service: string, schemas: SettingSchemas) {
    this.#file = path.join(folder, `${service}.yaml`);
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

  /** A file that is broken changes nothing: the values stay as they were. */
  async load(): Promise<void> {
    const read = await textOrNone(this.#file).then(
      (text) => this.#parse(text),
      (error: unknown) => ({ ok: false as const, problem: unreadable(this.#file, error) }),
    );
    this.#problem = read.ok ? null : read.problem;
    if (read.ok) this.#values = { ...this.#defaults, ...read.value };
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
      await writeFileAtomically(this.#file, document.toString());
    } catch (error) {
      const message = `${this.#file} cannot be written: ${messageOf(error)}.`;
      throw new AppError("file.write-failed", message, { file: this.#file }, { cause: error });
    }
    await this.load();
  }

  async remove(): Promise<void> {
    await fsp.rm(this.#file, { force: true });
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
