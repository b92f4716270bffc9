/** Holds the definitions of all VMs: reads the folder, adds, removes. A broken file costs itself alone. */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, type ErrorValue, toErrorValue } from "#shared/model/app-error.ts";
import { VM_NAME_PATTERN, type VmId } from "#shared/model/vm.ts";
import { formatDefinition, parseDefinition, type VmDefinition } from "./definition.ts";

export class VmRegistry {
  readonly #folder: string;
  readonly #definitions = new Map<VmId, VmDefinition>();
  #broken: ErrorValue[] = [];

  constructor(configFolder: string) {
    this.#folder = path.join(configFolder, "vms");
  }

  /** In the order of their names. */
  get all(): VmDefinition[] {
    return [...this.#definitions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What is wrong with files that could not be read. */
  get broken(): readonly ErrorValue[] {
    return this.#broken;
  }

  /** Reads all definitions. True: there was no folder yet, this is the first start. */
  async load(): Promise<boolean> {
    let files: string[];
    try {
      files = await fsp.readdir(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return true;
    }
    this.#definitions.clear();
    this.#broken = [];
    for (const file of files.filter((name) => name.endsWith(".yaml")).sort()) {
      const full = path.join(this.#folder, file);
      try {
        const definition = parseDefinition(path.basename(file, ".yaml"), await fsp.readFile(full, "utf8"), full);
        const twin = this.#definitions.get(definition.id);
        if (twin !== undefined) {
          throw new AppError("vm.bad-definition", `${full}:1: id: "${twin.name}" has the same`, {
            file: full,
            line: 1,
            reason: "id taken",
          });
        }
        this.#definitions.set(definition.id, definition);
      } catch (error) {
        this.#broken.push(toErrorValue(error));
      }
    }
    return false;
  }

  find(name: string): VmDefinition | undefined {
    return this.all.find((definition) => definition.name === name);
  }

  /** Throws vm.bad-name, vm.name-taken. */
  async add(definition: VmDefinition): Promise<void> {
    const { name } = definition;
    if (!VM_NAME_PATTERN.test(name)) {
      throw new AppError(
        "vm.bad-name",
        `"${name}" is no name for a VM: use small letters, digits and "-", beginning with a letter or digit, at most 31.`,
        { name },
      );
    }
    const taken = new AppError(
      "vm.name-taken",
      `There is a VM named "${name}" already: choose another name, or remove that one first.`,
      { name },
    );
    if (this.find(name) !== undefined) throw taken;
    await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      // Exclusive: a broken file of that name is a person's work and is not overwritten.
      await fsp.writeFile(this.#fileOf(name), formatDefinition(definition), { flag: "wx", mode: 0o600 });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "EEXIST" ? taken : error;
    }
    this.#definitions.set(definition.id, definition);
  }

  async remove(id: VmId): Promise<void> {
    const definition = this.#definitions.get(id);
    if (definition === undefined) return;
    await fsp.rm(this.#fileOf(definition.name), { force: true });
    this.#definitions.delete(id);
  }

  #fileOf(name: string): string {
    return path.join(this.#folder, `${name}.yaml`);
  }
}
