/** The definitions of service VMs: of each service one, in memory; its id is kept in `state/services.json`. */
import { randomUUID } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { writeFileAtomically } from "../base/write-file.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "../vms/definition.ts";
import type { DefinitionSource } from "../vms/definition-source.ts";
import type { ServiceManifest } from "./manifest.ts";

const FILE = "services.json";
const fileSchema = z.record(z.string(), z.strictObject({ id: z.string().regex(VM_ID_PATTERN) }));

export class ServiceSource implements DefinitionSource {
  readonly #file: string;
  readonly #drivers: Drivers;
  readonly #definitions = new Map<string, VmDefinition>();
  #ids = new Map<string, VmId>();
  #changed: () => void = () => undefined;

  constructor(stateFolder: string, drivers: Drivers) {
    this.#file = path.join(stateFolder, FILE);
    this.#drivers = drivers;
  }

  /** Reads the ids of services that were known before. */
  async load(): Promise<void> {
    const text = await fsp.readFile(this.#file, "utf8").catch(() => "{}");
    const read = fileSchema.safeParse(parsed(text));
    // Without it they have new ids, and new disks: nothing of a service's is kept there.
    this.#ids = new Map(Object.entries(read.data ?? {}).map(([name, { id }]) => [name, id as VmId]));
  }

  get all(): VmDefinition[] {
    return [...this.#definitions.values()];
  }

  idOf(service: string): VmId | undefined {
    return this.#definitions.get(service)?.id;
  }

  /** Adds the VM of a service, or makes it what its manifest says now. */
  async set({ name, memory, cpus, rights, startsFresh }: ServiceManifest): Promise<void> {
    const machine = this.#drivers.define({
      template: name,
      service: name,
      memory,
      cpus,
      network: rights.firewall ? "firewall" : "none",
    });
    const id = this.#ids.get(name) ?? (randomUUID() as VmId);
    const isNew = !this.#ids.has(name);
    this.#ids.set(name, id);
    if (isNew) await this.#write();
    this.#definitions.set(name, {
      ...newDefinition(name, { label: "slate", role: "service" }, machine),
      id,
      service: name,
      startsFresh,
      hasNicSlots: rights.uplink || rights.serves.length > 0,
    });
    this.#changed();
  }

  /** It is not a service any more. */
  async forget(service: string): Promise<void> {
    this.#definitions.delete(service);
    this.#ids.delete(service);
    await this.#write();
    this.#changed();
  }

  watch(changed: () => void): Promise<() => void> {
    this.#changed = changed;
    return Promise.resolve(() => {
      this.#changed = () => undefined;
    });
  }

  remove(id: VmId): Promise<void> {
    const service = this.all.find((definition) => definition.id === id)?.name;
    return service === undefined ? Promise.resolve() : this.forget(service);
  }

  async #write(): Promise<void> {
    const ids = Object.fromEntries([...this.#ids].map(([name, id]) => [name, { id }]));
    await writeFileAtomically(this.#file, `${JSON.stringify(ids, null, 2)}\n`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
