/** Another VM of a service: made and tried beside the one that is used, then used in its place, which is kept to go back to. */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import type { Vm } from "../vms/vm.ts";
import type { ServiceManifest } from "./manifest.ts";
import { type ServiceSource, SPARES, spareName } from "./service-source.ts";
import type { ServiceUnit } from "./service-unit.ts";

export interface NextUnitsParts {
  application: Pick<Application, "vms" | "vm" | "remove">;
  source: ServiceSource;
  unitOf: (service: string, vm: VmId) => Promise<ServiceUnit>;
  /** From now on this unit is the service's; returns the one that was. */
  replace: (service: string, unit: ServiceUnit) => ServiceUnit;
}

export class NextUnits {
  readonly #parts: NextUnitsParts;
  /** null: it is being made, or what an application that was killed has left of it is being removed. */
  readonly #next = new Map<string, ServiceUnit | null>();

  constructor(parts: NextUnitsParts) {
    this.#parts = parts;
  }

  /** What an application that was killed has left. No other is made before it is gone. */
  async clean(service: string): Promise<void> {
    const { source } = this.#parts;
    this.#next.set(service, null);
    try {
      await this.#remove(source.spareOf(service, "next"));
      await this.#end(source.spareOf(service, "before"));
    } finally {
      this.#next.delete(service);
    }
  }

  /** Of the VM that is used, MiB. */
  memoryOf(service: string): number {
    return this.#parts.source.memoryOf(service);
  }

  /**
   * With an empty disk, and so much memory; not started.
   * @param trial of another version
   * @throws AppError vm.name-taken, service.busy
   */
  async make(service: string, memoryMiB: number, trial?: ServiceManifest): Promise<ServiceUnit> {
    this.refuseBusy(service);
    const { application, source } = this.#parts;
    const names = SPARES.map((spare) => spareName(service, spare));
    const taken = application.vms.find((vm) => names.includes(vm.definition.name) && vm.definition.service !== service);
    if (taken !== undefined) {
      const { name } = taken.definition;
      const sentence = `There is a VM named "${name}", which service "${service}" needs: remove it.`;
      throw new AppError("vm.name-taken", sentence, { name });
    }
    return this.#begin(service, async () => {
      const id = await source.addNext(service, memoryMiB, trial);
      try {
        return await this.#parts.unitOf(service, id);
      } catch (error) {
        await this.#remove(id);
        throw error;
      }
    });
  }

  hasBefore(service: string): boolean {
    return this.#parts.source.spareOf(service, "before") !== undefined;
  }

  /** The one that was used before; not started. undefined: there is none. @throws AppError service.busy */
  async takeBefore(service: string): Promise<ServiceUnit | undefined> {
    const { source, unitOf } = this.#parts;
    const id = source.spareOf(service, "before");
    if (id === undefined) return undefined;
    this.refuseBusy(service);
    return this.#begin(service, async () => {
      await source.takeBefore(service);
      try {
        return await unitOf(service, id);
      } catch (error) {
        await source.leaveBefore(service);
        throw error;
      }
    });
  }

  /** It is the service's from now on. Returns the one that was, which still runs. */
  async use(service: string, unit: ServiceUnit): Promise<ServiceUnit> {
    const { source, replace } = this.#parts;
    if (this.#next.get(service) !== unit) throw new AppError("internal", `service "${service}" has no such other VM`);
    await this.#remove(source.spareOf(service, "before"));
    await source.useNext(service);
    this.#next.delete(service);
    // They may have been changed while it was tried.
    await unit.settings.load();
    const before = replace(service, unit);
    await unit.applySettings().catch((error: unknown) => unit.log.add("atoll", "warning", messageOf(error)));
    return before;
  }

  /** It is not used. `isKept`: it stays what there is to go back to. One that is not there any more is let be. */
  async drop(service: string, unit: ServiceUnit, isKept: boolean): Promise<void> {
    if (this.#next.get(service) === unit) await this.#drop(service, unit, isKept);
  }

  /** Of a service that is removed. */
  async removeAll(service: string): Promise<void> {
    const { source } = this.#parts;
    await this.#drop(service, this.#next.get(service) ?? null, false);
    await this.#remove(source.spareOf(service, "before"));
  }

  async #drop(service: string, unit: ServiceUnit | null, isKept: boolean): Promise<void> {
    const { source } = this.#parts;
    // First, so that whoever waits for it does not start it again.
    unit?.close();
    try {
      await unit?.stop();
      if (isKept) await source.leaveBefore(service);
      else await this.#remove(source.spareOf(service, "next"));
    } finally {
      // Until then no other is made in its place.
      this.#next.delete(service);
    }
  }

  close(): void {
    for (const unit of this.#next.values()) unit?.close();
  }

  /** There is another one already. @throws AppError service.busy */
  refuseBusy(service: string): void {
    if (!this.#next.has(service)) return;
    throw new AppError("service.busy", `Service "${service}" is being tried in another VM: wait for it.`, { service });
  }

  async #begin(service: string, make: () => Promise<ServiceUnit>): Promise<ServiceUnit> {
    this.#next.set(service, null);
    try {
      const unit = await make();
      this.#next.set(service, unit);
      return unit;
    } catch (error) {
      this.#next.delete(service);
      throw error;
    }
  }

  async #remove(id: VmId | undefined): Promise<void> {
    const vm = await this.#end(id);
    if (vm !== undefined) await this.#parts.application.remove(vm.id);
  }

  /** Nobody uses it. undefined: there is none. */
  async #end(id: VmId | undefined): Promise<Vm | undefined> {
    const vm = this.#parts.application.vms.find((one) => one.id === id);
    await vm?.adopted().catch(() => undefined);
    if (vm?.isOn === true) await vm.kill();
    return vm;
  }
}
