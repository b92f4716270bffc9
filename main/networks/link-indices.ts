/** Which VM has which number of a link: state/links.json. A VM keeps its own, and with it its addresses, until it is removed. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { writeFileAtomically } from "../base/write-file.ts";
import { isOfLinks } from "../policy/destination.ts";
import { guestEnd, LINK_INDICES } from "./addresses.ts";

const FILE = "links.json";
const kept = z
  .record(z.string().regex(VM_ID_PATTERN), z.int().min(LINK_INDICES.min).max(LINK_INDICES.max))
  .refine((indices) => new Set(Object.values(indices)).size === Object.keys(indices).length, "two VMs share a number");

export class LinkIndices {
  readonly #file: string;
  readonly #indices: Map<VmId, number>;
  /** The newest of what writes the file: they take turns. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, FILE);
    this.#indices = new Map(Object.entries(this.#read()) as [VmId, number][]);
  }

  /** undefined: it has never had a network. */
  find(vm: VmId): number | undefined {
    return this.#indices.get(vm);
  }

  /** The VM whose own address this is, as `guestEnd` writes it; null: it is no VM's. */
  vmAt(address: string): VmId | null {
    // Asked for each row of each flow, nearly all of which lead to the internet.
    if (!isOfLinks(address)) return null;
    const isAt = (index: number): boolean => Object.values(guestEnd(index)).includes(address);
    return [...this.#indices].find(([, index]) => isAt(index))?.[0] ?? null;
  }

  /** Of the VM; none: it has never had a network. */
  addressesOf(vm: VmId): string[] {
    const index = this.#indices.get(vm);
    return index === undefined ? [] : Object.values(guestEnd(index));
  }

  /** The VM's number; a new one is on the disk when this resolves. */
  async indexOf(vm: VmId): Promise<number> {
    const known = this.#indices.get(vm);
    const index = known ?? this.#free();
    this.#indices.set(vm, index);
    await (known === undefined ? this.#write() : this.#last);
    return index;
  }

  /** The VM is gone: another one may have its number. */
  async release(vm: VmId): Promise<void> {
    if (this.#indices.delete(vm)) await this.#write();
  }

  #free(): number {
    const taken = new Set(this.#indices.values());
    for (let index = LINK_INDICES.min; index <= LINK_INDICES.max; index += 1) if (!taken.has(index)) return index;
    throw new AppError("network.too-many", `There are ${LINK_INDICES.max} VMs with a network already: remove one.`, {
      limit: LINK_INDICES.max,
    });
  }

  #read(): Record<string, number> {
    let text: string;
    try {
      text = fs.readFileSync(this.#file, "utf8");
    } catch {
      return {}; // no VM has had a network yet
    }
    try {
      return kept.parse(JSON.parse(text));
    } catch (error) {
      log(`${this.#file} cannot be used, so VMs get new addresses at their next start: ${messageOf(error)}`);
      return {};
    }
  }

  #write(): Promise<void> {
    const written = this.#last
      .catch(() => undefined)
      .then(() => writeFileAtomically(this.#file, JSON.stringify(Object.fromEntries(this.#indices))));
    this.#last = written;
    written.catch(() => undefined); // whoever asked hears of it
    return written;
  }
}
