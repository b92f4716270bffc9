/**
 * Another version of an installed service in the place of the one that is there. One of an index is tried first, in a VM of its own
 * beside the old one: what is not healthy, or fails its tests, is dropped, and the old one has never stopped. The version before is
 * kept with its settings, to go back to.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { settingProblem } from "#shared/model/service.ts";
import { textOrNone } from "../base/read-text.ts";
import { writeFileAtomically } from "../base/write-file.ts";
import type { Service, ServiceCatalog } from "./catalog.ts";
import type { NextUnits } from "./next-units.ts";
import type { Origin } from "./origin.ts";
import type { SettingSchemas } from "./service-settings.ts";
import type { TestResult } from "./service-tests.ts";
import type { ServiceUnit } from "./service-unit.ts";
import { started } from "./started.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface UpdatesParts {
  catalog: ServiceCatalog;
  next: NextUnits;
  stateFolder: string;
  /** Of all services' settings. */
  settingsFolder: string;
  unit: (name: string) => ServiceUnit;
  test: (unit: ServiceUnit) => Promise<TestResult[]>;
  /** Ends its VM, has `change` make it another version, and takes charge of that; where it fails, of what was there. */
  replace: (name: string, change: () => Promise<Service>) => Promise<void>;
  /** `isBusy` is another one. */
  changed: () => void;
  /** How many files it keeps apart, which are gone with a version that has no disk for them. */
  quarantined: (service: string) => number;
}

/** What an application that was killed has left of them, the next one removes. */
const TRIAL_FOLDER = ".service-trial-";

export class Updates {
  readonly #parts: UpdatesParts;
  readonly #busy = new Set<string>();

  constructor(parts: UpdatesParts) {
    this.#parts = parts;
  }

  /**
   * Puts the folder's service in the place of the one that has its name.
   * @throws AppError service.update-failed, service.busy, file.write-failed; what was there goes on
   */
  put(name: string, folder: string, { origin, isTried }: { origin: Origin; isTried: boolean }): Promise<void> {
    const { catalog } = this.#parts;
    return this.#once(name, async () => {
      const service = await catalog.read(folder);
      this.#refuseQuarantined(service);
      const before = catalog.named(name).manifest.version;
      const text = await textOrNone(this.#settingsFile(name));
      const settings = carried(text, service.manifest.settings);
      if (isTried) await this.#tryOut(service, settings, before);
      const wasWanted = this.#parts.unit(name).isWanted;
      await this.#parts.replace(name, async () => {
        const changed = await catalog.install(folder, origin);
        await writeFileAtomically(path.join(catalog.beforeFolder(name), SETTINGS), text);
        await this.#setSettings(name, settings);
        return changed;
      });
      if (!wasWanted) return;
      const unit = this.#parts.unit(name);
      // What is from a folder is its developer's, who sees how it does.
      if (!isTried)
        return void unit.start().catch((error: unknown) => unit.log.add("atoll", "error", messageOf(error)));
      await this.#prove(unit, before);
    });
  }

  /** To the version before, with the settings that it had. @throws AppError service.no-version-before, service.busy */
  back(name: string): Promise<void> {
    return this.#once(name, () => this.#back(name));
  }

  async #back(name: string): Promise<void> {
    const { catalog, unit, replace } = this.#parts;
    if (catalog.versionBefore(name) === null)
      throw new AppError("service.no-version-before", `There is no version of "${name}" to go back to.`, {
        service: name,
      });
    this.#refuseQuarantined(await catalog.read(catalog.beforeFolder(name)));
    const wasWanted = unit(name).isWanted;
    await replace(name, async () => {
      const text = await textOrNone(path.join(catalog.beforeFolder(name), SETTINGS));
      const service = await catalog.takeBack(name);
      await this.#setSettings(name, text);
      return service;
    });
    if (wasWanted) await started(unit(name));
  }

  /** Whether another version is tried or put in place now. */
  isBusy(name: string): boolean {
    return this.#busy.has(name);
  }

  /** In a VM of its own, which is gone then. */
  async #tryOut(service: Service, settings: string, before: string): Promise<void> {
    const { catalog, next, stateFolder, test } = this.#parts;
    const { name } = service.manifest;
    const folder = await temporaryFolder(stateFolder, TRIAL_FOLDER);
    let unit: ServiceUnit | null = null;
    try {
      await writeFileAtomically(path.join(folder, `${name}.yaml`), settings);
      // Else that one would become one of this version.
      next.refuseBusy(name);
      catalog.setTrial({ service, settingsFolder: folder });
      unit = await next.make(name, 0, service.manifest);
      await started(unit);
      refuseFailed(await test(unit));
    } catch (error) {
      throw failed(service, error, `${before} goes on`);
    } finally {
      // Where there is another one, it is tried by somebody else.
      if (unit !== null) await next.drop(name, unit, false);
      catalog.endTrial(name);
      await fsp.rm(folder, { recursive: true, force: true });
    }
  }

  /** What was well beside the old one is not well in its place: the old one comes back. */
  async #prove(unit: ServiceUnit, before: string): Promise<void> {
    const { name } = unit.manifest;
    const service = this.#parts.catalog.named(name);
    try {
      await started(unit);
      refuseFailed(await this.#parts.test(unit));
    } catch (error) {
      await this.#back(name);
      throw failed(service, error, `${before} is back`);
    }
  }

  /** A version that has no disk for it. @throws AppError service.busy */
  #refuseQuarantined({ manifest: { name, keepsFiles } }: Service): void {
    const kept = this.#parts.quarantined(name);
    if (keepsFiles || kept === 0) return;
    const sentence = `Service "${name}" keeps ${kept} files in quarantine, which would be gone: restore or delete them first.`;
    throw new AppError("service.busy", sentence, { service: name, kept });
  }

  async #once(name: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(name))
      throw new AppError("service.busy", `Another version of service "${name}" is being tried: wait for it.`, {
        service: name,
      });
    this.#busy.add(name);
    this.#parts.changed();
    try {
      await work();
    } finally {
      this.#busy.delete(name);
      this.#parts.changed();
    }
  }

  #settingsFile(name: string): string {
    return path.join(this.#parts.settingsFolder, `${name}.yaml`);
  }

  async #setSettings(name: string, text: string): Promise<void> {
    const file = this.#settingsFile(name);
    await fsp.mkdir(this.#parts.settingsFolder, { recursive: true, mode: 0o700 });
    if (text === "") await fsp.rm(file, { force: true });
    else await writeFileAtomically(file, text);
  }
}

/** In the folder of the version before. */
const SETTINGS = "settings.yaml";

/** Settings as the other version can have them: what it does not know, or cannot be, has its default there. */
export function carried(text: string, schemas: SettingSchemas): string {
  const document = parseDocument(text);
  const values: unknown = document.errors.length === 0 ? document.toJS() : null;
  if (typeof values !== "object" || values === null) return text;
  let isChanged = false;
  for (const [key, value] of Object.entries(values)) {
    const schema = schemas[key];
    if (schema !== undefined && settingProblem(schema, value) === null) continue;
    document.delete(key);
    isChanged = true;
  }
  return isChanged ? document.toString() : text;
}

function refuseFailed(results: readonly TestResult[]): void {
  const wrong = results.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
  if (wrong.length > 0) throw new Error(`of its tests failed ${wrong.join(", ")}`);
}

function failed({ manifest: { name, version } }: Service, error: unknown, rest: string): AppError {
  const { code, message } = toErrorValue(error);
  const sentence = `"${name}" ${version} is not used: ${message.replace(/\.$/, "")}. ${rest}, as it was.`;
  return new AppError("service.update-failed", sentence, { service: name, version, code });
}
