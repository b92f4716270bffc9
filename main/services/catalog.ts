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
import { syncFolder } from "../base/write-file.ts";
import type { ServiceImages, ServiceStart } from "../hardware/service-images.ts";
import { MANIFEST_FILE, PROGRAM_FOLDER, recipeOf, type ServiceManifest } from "./manifest.ts";
import { checkServiceFolder, programFiles } from "./service-folder.ts";

export interface Service {
  readonly manifest: ServiceManifest;
  /** Of the manifest. */
  readonly text: string;
  readonly isBuiltIn: boolean;
  /** Of its program, as they are now. */
  readonly files: () => Promise<ProgramFile[]>;
}

export interface CatalogOptions {
  builtIns: readonly Service[];
  stateFolder: string;
  /** A person's own recipes, which an image may start from. */
  recipesFolder: string | null;
}

export class ServiceCatalog implements ServiceImages {
  readonly #services = new Map<string, Service>();
  readonly #options: CatalogOptions;
  readonly #folder: string;
  #problems: FileProblem[] = [];

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#folder = path.join(options.stateFolder, "services");
    for (const service of options.builtIns) this.#services.set(service.manifest.name, service);
  }

  /** Reads what is installed. A folder that is broken costs its service. */
  async load(): Promise<void> {
    await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = (await fsp.readdir(this.#folder)).filter((name) => !name.startsWith("."));
    for (const name of names.toSorted()) {
      const { service, problems } = await readFolder(path.join(this.#folder, name), this.#options.recipesFolder);
      if (service !== null && service.manifest.name === name && !this.#services.has(name))
        this.#services.set(name, service);
      else this.#problems.push(...problems);
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

  recipe(name: string): Recipe {
    return recipeOf(this.named(name).manifest, this.#options.recipesFolder);
  }

  async start(name: string): Promise<ServiceStart> {
    const { manifest, files } = this.named(name);
    const { command, user } = manifest.program;
    return { program: { command, isRoot: user === "root" }, files: await files() };
  }

  /** What would be installed. @throws AppError service.bad-folder */
  read(folder: string): Promise<Service> {
    return readService(folder, this.#options.recipesFolder);
  }

  /** Copies the folder. @throws AppError service.bad-folder, file.write-failed */
  async install(folder: string): Promise<Service> {
    const { manifest, text, files } = await this.read(folder);
    const { name } = manifest;
    const target = path.join(this.#folder, name);
    const partial = path.join(this.#folder, `.${name}.${randomUUID()}`);
    try {
      await fsp.mkdir(path.join(partial, PROGRAM_FOLDER), { recursive: true, mode: 0o700 });
      await fsp.writeFile(path.join(partial, MANIFEST_FILE), text, { mode: 0o600, flush: true });
      for (const { path: file, isExecutable, data } of await files()) {
        const to = path.join(partial, PROGRAM_FOLDER, file);
        await fsp.mkdir(path.dirname(to), { recursive: true });
        await fsp.writeFile(to, data, { mode: isExecutable ? 0o700 : 0o600, flush: true });
      }
      await syncFolder(partial);
      await fsp.rm(target, { recursive: true, force: true });
      await fsp.rename(partial, target);
      await syncFolder(this.#folder);
    } catch (error) {
      await fsp.rm(partial, { recursive: true, force: true });
      throw new AppError("file.write-failed", `${target} cannot be written: ${messageOf(error)}.`, { file: target });
    }
    const { service } = await readFolder(target, this.#options.recipesFolder);
    if (service === null) throw new AppError("internal", `${target} is not what was copied`);
    this.#services.set(name, service);
    return service;
  }

  /** It is not known in this run of the application. */
  leaveOut(name: string): void {
    this.#services.delete(name);
  }

  async remove(name: string): Promise<void> {
    await fsp.rm(path.join(this.#folder, name), { recursive: true, force: true });
    this.#services.delete(name);
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
  return { service: { manifest, text, isBuiltIn: false, files }, problems };
}
