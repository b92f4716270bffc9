/**
 * The definitions of service VMs, in memory; their ids are kept in `state/services.json`. Of a service there is one VM, which has its
 * name; and of one that gets new signatures in new VMs also the one before, to go back to, and one that is being made. Of one
 * whose VM goes on from a memory snapshot there may be one more for one task.
 */
import { randomUUID } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { VM_ID_PATTERN, type VmId, type VmNetwork } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { writeFileAtomically } from "../base/write-file.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "../vms/definition.ts";
import type { DefinitionSource } from "../vms/definition-source.ts";
import type { ServiceManifest } from "./manifest.ts";

const FILE = "services.json";
const vmId = z
  .string()
  .regex(VM_ID_PATTERN)
  .transform((id) => id as VmId);
const serviceIds = z.strictObject({
  id: vmId,
  next: vmId.optional(),
  before: vmId.optional(),
  fork: vmId.optional(),
});
const entry = serviceIds.extend({
  wanted: z.boolean().optional(),
  /** Of VMs that have more than the manifest says, by id, MiB. */
  memories: z.record(z.string(), z.int()).optional(),
});
const fileSchema = z.record(z.string(), entry);

/** `next`: it is made, and nobody uses it yet; `before`: it was used until the one that is used now; `fork`: it is for one task. */
export type SpareVm = "next" | "before" | "fork";
export const SPARES: readonly SpareVm[] = ["next", "before", "fork"];
/** As long as it is with what is put behind it, a service's name is a VM's. */
const MAX_NAME = 20;

interface Known extends z.infer<typeof entry> {
  /** null: not of a service that there is. */
  manifest: ServiceManifest | null;
  /** Of the version that `next` tries; undefined: its own. Gone with this run of the application, as `next` is. */
  trial?: ServiceManifest | undefined;
}

export class ServiceSource implements DefinitionSource {
  readonly #file: string;
  readonly #drivers: Drivers;
  #known = new Map<string, Known>();
  #changed: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateFolder: string, drivers: Drivers) {
    this.#file = path.join(stateFolder, FILE);
    this.#drivers = drivers;
  }

  /** Reads the ids of services that were known before. */
  async load(): Promise<void> {
    const text = await fsp.readFile(this.#file, "utf8").catch(() => "{}");
    const read = fileSchema.safeParse(parsed(text));
    // Without it they have new ids, and new disks.
    if (!read.success) log(`${this.#file} cannot be read: services begin with new disks`);
    this.#known = new Map(Object.entries(read.data ?? {}).map(([name, ids]) => [name, { ...ids, manifest: null }]));
  }

  get all(): VmDefinition[] {
    return [...this.#known.values()].flatMap((known) => {
      const { manifest } = known;
      if (manifest === null) return [];
      const spares = SPARES.flatMap((spare) => {
        const id = known[spare];
        const trial = spare === "next" ? known.trial : undefined;
        // With as much memory as the one that is used: it goes on from the same.
        const like = spare === "fork" ? known.id : id;
        return id === undefined
          ? []
          : [
              this.#define(
                known,
                trial ?? manifest,
                { id, like },
                spareName(manifest.name, spare),
                trial !== undefined,
              ),
            ];
      });
      return [this.#define(known, manifest, { id: known.id }, manifest.name), ...spares];
    });
  }

  idOf(service: string): VmId | undefined {
    const known = this.#known.get(service);
    return known?.manifest == null ? undefined : known.id;
  }

  /** undefined: there is none. */
  spareOf(service: string, spare: SpareVm): VmId | undefined {
    return this.#known.get(service)?.[spare];
  }

  /** Adds the VM of a service, or makes it what its manifest says now. */
  async set(manifest: ServiceManifest): Promise<void> {
    const before = this.#known.get(manifest.name);
    this.#known.set(manifest.name, { ...(before ?? { id: newId() }), manifest });
    if (before === undefined) await this.#write();
    this.#changed();
  }

  /** Whether a person has started it, and not stopped it since; also in an earlier run of the application. */
  isWanted(service: string): boolean {
    return this.#known.get(service)?.wanted === true;
  }

  async setWanted(service: string, wanted: boolean): Promise<void> {
    const known = this.#known.get(service);
    if (known === undefined || this.isWanted(service) === wanted) return;
    this.#known.set(service, { ...known, wanted });
    await this.#write();
  }

  /**
   * One more VM of it, with a disk of its own.
   * @param memoryMiB where that is more than its manifest's
   * @param trial of another version
   */
  async addNext(service: string, memoryMiB = 0, trial?: ServiceManifest): Promise<VmId> {
    const next = newId();
    const known = this.#known.get(service);
    if (known !== undefined) {
      const { id, before, memories = {} } = known;
      const others = Object.entries(memories).filter(([vm]) => vm === id || vm === before);
      known.trial = trial;
      known.memories = Object.fromEntries([...others, [next, memoryMiB]]);
    }
    await this.#change(service, { next });
    return next;
  }

  /** One more VM of it, like the one that is used. */
  async addFork(service: string): Promise<VmId> {
    const fork = newId();
    await this.#change(service, { fork });
    return fork;
  }

  /** Of the VM that is used, MiB. */
  memoryOf(service: string): number {
    const { id, manifest, memories = {} } = this.#known.get(service) ?? {};
    return Math.max(manifest?.memory ?? 0, id === undefined ? 0 : (memories[id] ?? 0));
  }

  /** `next` has the service's name from now on, and what had it is `before`. That must have been removed, where there was one. */
  async useNext(service: string): Promise<void> {
    const { id, next } = this.#known.get(service) ?? {};
    if (id !== undefined && next !== undefined) await this.#change(service, { id: next, before: id, next: undefined });
  }

  /** The one before is `next` now, to be tried and used. */
  async takeBefore(service: string): Promise<void> {
    const { before } = this.#known.get(service) ?? {};
    await this.#change(service, { next: before, before: undefined });
  }

  /** It stays the one before. */
  async leaveBefore(service: string): Promise<void> {
    const { next } = this.#known.get(service) ?? {};
    await this.#change(service, { next: undefined, before: next });
  }

  /** It is not a service any more. */
  async forget(service: string): Promise<void> {
    this.#known.delete(service);
    await this.#write();
    this.#changed();
  }

  watch(changed: () => void): Promise<() => void> {
    this.#changed = changed;
    return Promise.resolve(() => {
      this.#changed = () => undefined;
    });
  }

  async remove(id: VmId): Promise<void> {
    for (const [service, known] of this.#known) {
      if (known.id === id) return this.forget(service);
      const spare = SPARES.find((one) => known[one] === id);
      if (spare !== undefined) return this.#change(service, { [spare]: undefined });
    }
  }

  #define(
    { memories = {} }: Known,
    manifest: ServiceManifest,
    { id, like = id }: { id: VmId; like?: VmId | undefined },
    name: string,
    isTrial = false,
  ): VmDefinition {
    const { memory, cpus, rights, startsFresh, keepsFiles } = manifest;
    const machine = this.#drivers.define({
      template: manifest.name,
      service: manifest.name,
      memory: Math.max(memory, memories[like] ?? 0),
      cpus,
      network: networkOf(rights),
    });
    return {
      ...newDefinition(name, { label: "slate", role: "service" }, machine),
      id,
      service: manifest.name,
      isTrial,
      startsFresh,
      keepsFiles,
      hasNicSlots: rights.serves.length > 0,
    };
  }

  async #change(
    service: string,
    ids: { [Role in keyof z.infer<typeof serviceIds>]?: VmId | undefined },
  ): Promise<void> {
    const known = this.#known.get(service);
    if (known === undefined) return;
    this.#known.set(service, { ...known, ...ids } as Known);
    await this.#write();
    this.#changed();
  }

  /** One after the other: the newest is what stays. */
  #write(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#writeNow());
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    const ids = Object.fromEntries(
      [...this.#known].map(([name, { id, next, before, fork, wanted, memories }]) => [
        name,
        { id, next, before, fork, wanted, memories },
      ]),
    );
    await writeFileAtomically(this.#file, `${JSON.stringify(ids, null, 2)}\n`);
  }
}

/** One that others' networks go by gets its interfaces while it runs. */
function networkOf({ firewall, uplink, serves }: ServiceManifest["rights"]): VmNetwork {
  if (firewall) return "firewall";
  return uplink && serves.length === 0 ? "direct" : "none";
}

export function spareName(service: string, spare: SpareVm): string {
  return `${service.slice(0, MAX_NAME).replace(/-+$/, "")}-${spare}`;
}

function newId(): VmId {
  return randomUUID() as VmId;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
