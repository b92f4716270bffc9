/** `config/settings.yaml`: a file that a person can read and edit; settings that it omits have their defaults. */
import fs from "node:fs";
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { kioskSettings } from "#shared/model/kiosk.ts";
import { DEFAULT_PASTE_KEYS, PASTE_KEYS_PATTERN, PASTE_KEYS_WORDS } from "#shared/model/paste-keys.ts";
import { themeChoice } from "#shared/model/theme.ts";
import { type FileProblem, problemWords, readYaml, unreadable } from "#shared/model/yaml-file.ts";
import { textOrNone } from "../base/read-text.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { replacePersonsFile } from "../base/write-file.ts";
import { GRAPHICS_SETTINGS } from "../graphics/choice.ts";

const FILE_NAME = "settings.yaml";

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
  theme: themeChoice.default("system"),
  /** What happens to running VMs when a person closes the desktop. */
  onQuit: z.enum(["ask", "keep", "stop"]).default("ask"),
  /** What composites the desktop, from the next start on. */
  graphics: z.enum(GRAPHICS_SETTINGS).default("auto"),
  /** Chords with which programs paste: after one of them a program may ask for what was copied elsewhere. */
  pasteKeys: z
    .array(z.string().regex(PASTE_KEYS_PATTERN, PASTE_KEYS_WORDS))
    .max(20)
    .default([...DEFAULT_PASTE_KEYS]),
  /** Whether what is marked with the mouse in one VM is pasted in another by the middle button. */
  middleClickAcrossVms: z.boolean().default(false),
  /** For developers: indexes of services that nobody has signed can be added. */
  unsignedIndexes: z.boolean().default(false),
  /** Programs that are kept ready in disposables. */
  kiosks: kioskSettings.default({ memoryMiB: null, own: [] }),
  /** Which files the desktop shows as icons. */
  desktopIcons: z
    .strictObject({
      /** The folder Desktop of each VM that runs. */
      vms: z.boolean().default(true),
      /** The host's folder for downloads. */
      downloads: z.boolean().default(false),
      /** What was opened last, of VMs that run and of the host. */
      recent: z.boolean().default(false),
    })
    .default({ vms: true, downloads: false, recent: false }),
});

export type Settings = z.infer<typeof settingsSchema>;

/** For what has to be known before anything can be awaited; the defaults where the file is broken or not there. */
export function readSettings(configFolder: string): Settings {
  const file = path.join(configFolder, FILE_NAME);
  try {
    const read = readYaml(settingsSchema, fs.readFileSync(file, "utf8"), file);
    if (read.ok) return read.value;
  } catch {
    // `SettingsFile` says why.
  }
  return settingsSchema.parse({});
}

export class SettingsFile {
  readonly #file: string;
  #current: Settings = settingsSchema.parse({});
  #problem: FileProblem | null = null;
  /** The newest choice that is being written: each is put into what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(configFolder: string) {
    this.#file = path.join(configFolder, FILE_NAME);
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
    const read = await textOrNone(this.#file).then(
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
  remember<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
    const remembered = this.#last.then(() => this.#remember(name, value));
    this.#last = remembered.catch(() => undefined);
    return remembered;
  }

  async #remember<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
    await this.load();
    if (this.#problem !== null) {
      throw new AppError(
        "settings.broken",
        `The choice was not remembered, because the settings are broken: ${problemWords(this.#problem)}. Fix the file.`,
        { ...this.#problem },
      );
    }
    const document = parseDocument(await textOrNone(this.#file));
    document.set(name, value);
    await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    await replacePersonsFile(this.#file, document.toString());
    await this.load();
  }
}
