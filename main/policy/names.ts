/**
 * Which VM a name in the policy means. A name is bound to the VM that has it when the rule is first read, or to the first
 * that will have it; it stays bound when that VM is removed, so that a new VM with an old name inherits nothing. A name that
 * no rule mentions any more is forgotten.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const bindingsSchema = z.record(
  z.string(),
  z.custom<VmId>((value) => typeof value === "string" && VM_ID_PATTERN.test(value)),
);

interface NamedVm {
  readonly id: VmId | null;
  readonly name: string;
}

export class PolicyNames {
  readonly #file: string;
  #bindings: Map<string, VmId>;
  /** The other way round. */
  #names: ReadonlyMap<VmId, readonly string[]>;

  /** @throws the system's error where the file cannot be read: rights that nobody can read must not be guessed */
  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, "policy-names.json");
    this.#bindings = read(this.#file);
    this.#names = byVm(this.#bindings);
  }

  /** null: no VM has had that name since the rule was read. */
  boundTo(name: string): VmId | null {
    return this.#bindings.get(name) ?? null;
  }

  /** The names that mean this VM, mostly one. */
  readonly namesOf = (id: VmId): readonly string[] => this.#names.get(id) ?? [];

  /** Binds the names that are mentioned to the VMs that there are, and forgets the others. */
  update(mentioned: ReadonlySet<string>, vms: readonly NamedVm[]): void {
    const bindings = new Map([...this.#bindings].filter(([name]) => mentioned.has(name)));
    for (const { id, name } of vms) {
      if (id !== null && mentioned.has(name) && !bindings.has(name)) bindings.set(name, id);
    }
    this.#keep(bindings);
  }

  /** A person says that rules of this name are for the VM that has it now. */
  takeOver(name: string, vms: readonly NamedVm[]): void {
    const id = vms.find((vm) => vm.name === name)?.id;
    if (id !== undefined && id !== null) this.#keep(new Map(this.#bindings).set(name, id));
  }

  #keep(bindings: Map<string, VmId>): void {
    const isSame =
      bindings.size === this.#bindings.size && [...bindings].every(([k, v]) => this.#bindings.get(k) === v);
    if (isSame) return;
    this.#bindings = bindings;
    this.#names = byVm(bindings);
    try {
      writeFileAtomicallySync(this.#file, JSON.stringify(Object.fromEntries(bindings)));
    } catch (error) {
      log(`which VMs the policy means is not saved: ${messageOf(error)}`);
    }
  }
}

function byVm(bindings: ReadonlyMap<string, VmId>): Map<VmId, string[]> {
  const names = new Map<VmId, string[]>();
  for (const [name, id] of bindings) names.set(id, [...(names.get(id) ?? []), name]);
  return names;
}

function read(file: string): Map<string, VmId> {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  return new Map(Object.entries(bindingsSchema.parse(JSON.parse(text))));
}
