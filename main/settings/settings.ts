/** `config/settings.yaml`: a file that a person can read and edit; settings that it omits have their defaults. */
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { kioskSettings } from "#shared/model/kiosk.ts";
import { DEFAULT_PASTE_KEYS, PASTE_KEYS_PATTERN, PASTE_KEYS_WORDS } from "#shared/model/paste-keys.ts";
import { themeChoice } from "#shared/model/theme.ts";
import { type FileProblem, problemWords, readYaml, unreadable } from "#shared/model/yaml-file.ts";
import { LastGood } from "../base/last-good.ts";
import type { Paths } from "../base/paths.ts";
import { textOrNone, textOrNoneSync } from "../base/read-text.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { replacePersonsFile } from "../base/write-file.ts";
import { GRAPHICS_SETTINGS } from "../graphics/choice.ts";

const FILE_NAME = "settings.yaml";
/** In the state folder. */
const LAST_GOOD = "settings-last-good.yaml";
const STAY = "the settings before it stay in force";
const DEFAULTS = "the defaults count";

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

/** The folder of the file, and the one of its text that was last of use. */
export type SettingsFolders = Pick<Paths, "config" | "state">;

/** What counts by the files as they are. */
export interface SettingsFound {
  settings: Settings;
  /** Why the file is not used; null = it is, or there is none. */
  problem: FileProblem | null;
  /** The file's text, where it is used. */
  text: string | null;
}

/**
 * A mistake in the file undoes nothing: the settings that were last of use stay in force. The defaults count where there is no
 * file, and where none was ever of use. Before anything can be awaited, too, as Electron takes some choices only then.
 * @param inForce what this run has read from the file before; null: nothing
 */
export function findSettings({ config, state }: SettingsFolders, inForce: Settings | null = null): SettingsFound {
  const file = path.join(config, FILE_NAME);
  const read = readFile(file);
  if (read.ok) return { settings: read.value, problem: null, text: read.text };
  const kept = readFile(path.join(state, LAST_GOOD));
  const before = inForce ?? (kept.ok && kept.text !== "" ? kept.value : null);
  const reason = `${read.problem.reason}, and ${before === null ? DEFAULTS : STAY}`;
  return { settings: before ?? settingsSchema.parse({}), problem: { ...read.problem, reason }, text: null };
}

type FileRead = { ok: true; value: Settings; text: string } | { ok: false; problem: FileProblem };

function readFile(file: string): FileRead {
  try {
    const text = textOrNoneSync(file);
    const read = readYaml(settingsSchema, text, file);
    return read.ok ? { ...read, text } : read;
  } catch (error) {
    return { ok: false, problem: unreadable(file, error) };
  }
}

export class SettingsFile {
  readonly #folders: SettingsFolders;
  readonly #file: string;
  readonly #lastGood: LastGood;
  #found: SettingsFound = { settings: settingsSchema.parse({}), problem: null, text: null };
  /** Whether what is in force was read from a file. */
  #isKnown = false;
  /** The newest choice that is being written: each is put into what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folders: SettingsFolders) {
    this.#folders = folders;
    this.#file = path.join(folders.config, FILE_NAME);
    this.#lastGood = new LastGood(path.join(folders.state, LAST_GOOD));
  }

  /** See findSettings. */
  get current(): Settings {
    return this.#found.settings;
  }

  /** Why the file is not used; null = it is, or there is none. */
  get problem(): FileProblem | null {
    return this.#found.problem;
  }

  async load(): Promise<void> {
    this.#found = findSettings(this.#folders, this.#isKnown ? this.current : null);
    const { text } = this.#found;
    if (text === null) return;
    this.#isKnown = true;
    // An empty file, or none, says nothing that a mistake could undo.
    if (text !== "") await this.#lastGood.keep(text);
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
    const { problem } = this;
    if (problem !== null) {
      throw new AppError(
        "settings.broken",
        `The choice was not remembered, because the settings are broken: ${problemWords(problem)}. Fix the file.`,
        { ...problem },
      );
    }
    const document = parseDocument(await textOrNone(this.#file));
    document.set(name, value);
    await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    await replacePersonsFile(this.#file, document.toString());
    await this.load();
  }
}
