/** `config/settings.yaml`: a file that a person can read and edit; settings that it omits have their defaults. */
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { THEME_CHOICES } from "#shared/ipc/contract.ts";
import { AppError } from "#shared/model/app-error.ts";
import { type FileProblem, problemWords, readYaml, unreadable } from "#shared/model/yaml-file.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { writeFileAtomically } from "../base/write-file.ts";

const keymapName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_,:()+-]*$/, "letters, digits and , : _ ( ) + - only");

const settingsSchema = z.strictObject({
  /** XKB names for the guests; null = as the host's display has it. */
  keyboard: z
    .strictObject({
      model: keymapName.default("pc105"),
      layout: keymapName.default("us"),
      variant: keymapName.default(""),
      options: keymapName.default(""),
    })
    .nullable()
    .default(null),
  /** Dark, light, or as the host's desktop has it. */
  theme: z.enum(THEME_CHOICES).default("system"),
  /** What happens to running VMs when a person closes the desktop. */
  onQuit: z.enum(["ask", "keep", "stop"]).default("ask"),
});

export type Settings = z.infer<typeof settingsSchema>;

export class SettingsFile {
  readonly #file: string;
  #current: Settings = settingsSchema.parse({});
  #problem: FileProblem | null = null;

  constructor(configFolder: string) {
    this.#file = path.join(configFolder, "settings.yaml");
  }

  /** The defaults where there is no file, or the file is broken. */
  get current(): Settings {
    return this.#current;
  }

  /** Why the file is not used; null = it is, or there is none. */
  get problem(): FileProblem | null {
    return this.#problem;
  }

  async load(): Promise<void> {
    const read = await this.#text().then(
      (text) => readYaml(settingsSchema, text, this.#file),
      (error: unknown) => ({ ok: false as const, problem: unreadable(this.#file, error) }),
    );
    this.#problem = read.ok ? null : read.problem;
    this.#current = read.ok ? read.value : settingsSchema.parse({});
  }

  /** Calls `changed` after the file has been read again because a person edited it. Returns a function that ends it. */
  async watch(changed: () => void): Promise<() => void> {
    const folder = path.dirname(this.#file);
    await fsp.mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    return watchFolder(folder, () => void this.load().then(changed));
  }

  /** Writes a person's choice into the file; comments and other fields stay. @throws AppError settings.broken */
  async remember<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
    await this.load();
    if (this.#problem !== null) {
      throw new AppError(
        "settings.broken",
        `The choice was not remembered, because the settings are broken: ${problemWords(this.#problem)}. Fix the file.`,
        { ...this.#problem },
      );
    }
    const document = parseDocument(await this.#text());
    document.set(name, value);
    await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    await writeFileAtomically(this.#file, document.toString());
    await this.load();
  }

  /** "" where there is no file. */
  async #text(): Promise<string> {
    return fsp.readFile(this.#file, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
  }
}
