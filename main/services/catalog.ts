/**
 * The services that there are: built-in ones, and those that a person has installed (`state/services/NAME`, a copy of their
 * folder). An installed one of a built-in's name cannot be.
 */
import { randomUUID } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { type FileProblem, problemWords } from "#shared/model/yaml-file.ts";
import type { ProgramFile, Recipe } from "../../images/builder/index.ts";
import { exists } from "../base/exists.ts";
import { syncFolder } from "../base/write-file.ts";
import type { ServiceImages, ServiceStart } from "../hardware/service-images.ts";
import { type Origin, readOrigin, writeOrigin } from "./origin.ts";
import { MANIFEST_FILE, PROGRAM_FOLDER, recipeOf, type ServiceManifest } from "./manifest.ts";
import { checkServiceFolder, programFiles } from "./service-folder.ts";

export interface Service {
  readonly manifest: ServiceManifest;
  /** Of the manifest. */
  readonly text: string;
  /** null: it comes with Atoll. */
  readonly origin: Origin | null;
  /** Of its program, as they are now. */
  readonly files: () => Promise<ProgramFile[]>;
}

/** Another version of a service, which is tried in a VM beside the one that is used. */
export interface Trial {
  readonly service: Service;
  /** Where its settings are. */
  readonly settingsFolder: string;
}

export interface CatalogOptions {
  builtIns: readonly Service[];
  stateFolder: string;
  /** A person's own recipes, which an image may start from. */
  recipesFolder: string | null;
}

/** The versions before, by name. */
const BEFORE = ".before";
/** What is not yet in its place: `.NAME.UUID`. */
const PARTIAL = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class ServiceCatalog implements ServiceImages {
  readonly #services = new Map<string, Service>();
  readonly #options: CatalogOptions;
  readonly #folder: string;
  readonly #before = new Map<string, Service>();
  readonly #trials = new Map<string, Trial>();
  #problems: FileProblem[] = [];

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#folder = path.join(options.stateFolder, "services");
    for (const service of options.builtIns) this.#services.set(service.manifest.name, service);
  }

  /** Reads what is installed. A folder that is broken costs its service. */
  async load(): Promise<void> {
    await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await fsp.readdir(path.join(this.#folder, BEFORE)).catch(() => [])) {
      // Killed between the two steps of an update.
      if (!(await exists(path.join(this.#folder, name)))) {
        await fsp.rename(this.beforeFolder(name), path.join(this.#folder, name));
        continue;
      }
      const { service } = await readFolder(this.beforeFolder(name), this.#options.recipesFolder);
      if (service !== null) this.#before.set(name, service);
    }
    const all = await fsp.readdir(this.#folder);
    // Of an application that was killed while it installed one.
    for (const name of all.filter((one) => PARTIAL.test(one)))
      await fsp.rm(path.join(this.#folder, name), { recursive: true, force: true });
    for (const name of all.filter((one) => !one.startsWith(".")).toSorted()) {
      const { service, problems } = await readFolder(path.join(this.#folder, name), this.#options.recipesFolder);
      const file = path.join(this.#folder, name, MANIFEST_FILE);
      const problem = (reason: string): FileProblem => ({ file, line: 1, column: 1, reason });
      if (service === null) this.#problems.push(...problems);
      else if (service.manifest.name !== name) this.#problems.push(problem(`its folder is "${name}"`));
      // Of an earlier Atoll, which had none of that name.
      else if (this.#services.has(name))
        this.#problems.push(
          problem(`"${name}" comes with Atoll now: remove that folder, or install it by another name`),
        );
      else this.#services.set(name, service);
    }
  }

  /** In the order of their names. */
  get all(): Service[] {
    return [...this.#services.values()].toSorted((one, other) => (one.manifest.name < other.manifest.name ? -1 : 1));
  }

  /** Of installed services that cannot be used. */
  get problems(): readonly FileProblem[] {
    return this.#problems;
  }

  /** @throws AppError service.not-found */
  named(name: string): Service {
    const service = this.#services.get(name);
    if (service !== undefined) return service;
    const known = this.all.map(({ manifest }) => manifest.name);
    throw new AppError(
      "service.not-found",
      `There is no service "${name}"; there are: ${known.join(", ")}. "atoll service install DIR" adds one.`,
      { service: name, known },
    );
  }

  has(name: string): boolean {
    return this.#services.has(name);
  }

  recipe(name: string, isTrial = false): Recipe {
    return recipeOf(this.#version(name, isTrial).manifest, this.#options.recipesFolder);
  }

  async start(name: string, isTrial = false): Promise<ServiceStart> {
    const { manifest, files } = this.#version(name, isTrial);
    const { command, user, inSnapshot } = manifest.program;
    return { program: { command, isRoot: user === "root", isInSnapshot: inSnapshot }, files: await files() };
  }

  /** What is tried of it; undefined: nothing. */
  trialOf(name: string): Trial | undefined {
    return this.#trials.get(name);
  }

  setTrial(trial: Trial): void {
    this.#trials.set(trial.service.manifest.name, trial);
  }

  endTrial(name: string): void {
    this.#trials.delete(name);
  }

  #version(name: string, isTrial: boolean): Service {
    const service = isTrial ? this.#trials.get(name)?.service : undefined;
    return service ?? this.named(name);
  }

  /** The version that was there before the one that is; null: there is none to go back to. */
  versionBefore(name: string): string | null {
    return this.#before.get(name)?.manifest.version ?? null;
  }

  /** Of the version before. */
  beforeFolder(name: string): string {
    return path.join(this.#folder, BEFORE, name);
  }

  /** The version before is the one that is there, which is gone. @throws AppError file.write-failed */
  async takeBack(name: string): Promise<Service> {
    const target = path.join(this.#folder, name);
    const before = this.#before.get(name);
    if (before === undefined) throw new AppError("internal", `"${name}" has no version before`);
    try {
      await fsp.rm(target, { recursive: true, force: true });
      await fsp.rename(this.beforeFolder(name), target);
      await syncFolder(this.#folder);
    } catch (error) {
      throw new AppError("file.write-failed", `${target} cannot be written: ${messageOf(error)}.`, { file: target });
    }
    this.#before.delete(name);
    return this.#taken(name, target);
  }

  async #taken(name: string, target: string): Promise<Service> {
    const { service } = await readFolder(target, this.#options.recipesFolder);
    if (service === null) throw new AppError("internal", `${target} is not what was put there`);
    this.#services.set(name, service);
    return service;
  }

  /** What would be installed. @throws AppError service.bad-folder */
  read(folder: string): Promise<Service> {
    return readService(folder, this.#options.recipesFolder);
  }

  /** Copies the folder. What was there is the version before. @throws AppError service.bad-folder, file.write-failed */
  async install(folder: string, origin: Origin): Promise<Service> {
    const service = await this.read(folder);
    const { name } = service.manifest;
    const target = path.join(this.#folder, name);
    const partial = path.join(this.#folder, `.${name}.${randomUUID()}`);
    try {
      await writeService(service, partial);
      await writeOrigin(partial, origin);
      await syncFolder(partial);
      const before = this.#services.get(name);
      if (before !== undefined) {
        await fsp.mkdir(path.join(this.#folder, BEFORE), { recursive: true, mode: 0o700 });
        await fsp.rm(this.beforeFolder(name), { recursive: true, force: true });
        await fsp.rename(target, this.beforeFolder(name));
      }
      await fsp.rename(partial, target);
      if (before !== undefined) {
        const { service } = await readFolder(this.beforeFolder(name), this.#options.recipesFolder);
        if (service !== null) this.#before.set(name, service);
      }
      await syncFolder(this.#folder);
    } catch (error) {
      await fsp.rm(partial, { recursive: true, force: true });
      if (!(await exists(target))) await fsp.rename(this.beforeFolder(name), target).catch(() => undefined);
      throw new AppError("file.write-failed", `${target} cannot be written: ${messageOf(error)}.`, { file: target });
    }
    return this.#taken(name, target);
  }

  /** It is not known in this run of the application. */
  leaveOut(name: string): void {
    this.#services.delete(name);
  }

  async remove(name: string): Promise<void> {
    await fsp.rm(this.beforeFolder(name), { recursive: true, force: true });
    await fsp.rm(path.join(this.#folder, name), { recursive: true, force: true });
    this.#before.delete(name);
    this.#services.delete(name);
  }
}

/** Its manifest and its program, as they are installed. */
export async function writeService({ text, files }: Service, folder: string): Promise<void> {
  await fsp.mkdir(path.join(folder, PROGRAM_FOLDER), { recursive: true, mode: 0o700 });
  await fsp.writeFile(path.join(folder, MANIFEST_FILE), text, { mode: 0o600, flush: true });
  for (const { path: file, isExecutable, data } of await files()) {
    const to = path.join(folder, PROGRAM_FOLDER, file);
    await fsp.mkdir(path.dirname(to), { recursive: true });
    await fsp.writeFile(to, data, { mode: isExecutable ? 0o700 : 0o600, flush: true });
  }
}

/** The service of a folder, which is not installed. @throws AppError service.bad-folder */
export async function readService(folder: string, recipesFolder: string | null): Promise<Service> {
  const { service, problems } = await readFolder(folder, recipesFolder);
  if (service !== null && problems.length === 0) return service;
  const [problem] = problems;
  const words = problem === undefined ? folder : problemWords(problem);
  throw new AppError("service.bad-folder", `${words}. Fix it, then try again.`, { folder, problems });
}

async function readFolder(
  folder: string,
  recipesFolder: string | null,
): Promise<{ service: Service | null; problems: FileProblem[] }> {
  const { manifest, text, problems } = await checkServiceFolder(folder, recipesFolder);
  if (manifest === null) return { service: null, problems };
  const files = (): Promise<ProgramFile[]> => programFiles(path.join(folder, PROGRAM_FOLDER), manifest.program.command);
  return { service: { manifest, text, origin: await readOrigin(folder), files }, problems };
}
