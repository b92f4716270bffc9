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
  readonly #next = new Map<string, ServiceUnit>();

  constructor(parts: NextUnitsParts) {
    this.#parts = parts;
  }

  /** What an application that was killed has left. */
  async clean(service: string): Promise<void> {
    const { source } = this.#parts;
    await this.#remove(source.spareOf(service, "next"));
    await this.#end(source.spareOf(service, "before"));
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
    if (this.#next.has(service))
      throw new AppError("service.busy", `Service "${service}" is being tried in another VM: wait for it.`, {
        service,
      });
    const { application, source } = this.#parts;
    const names = SPARES.map((spare) => spareName(service, spare));
    const taken = application.vms.find((vm) => names.includes(vm.definition.name) && vm.definition.service !== service);
    if (taken !== undefined) {
      const { name } = taken.definition;
      const sentence = `There is a VM named "${name}", which service "${service}" needs: remove it.`;
      throw new AppError("vm.name-taken", sentence, { name });
    }
    return this.#begin(service, await source.addNext(service, memoryMiB, trial));
  }

  hasBefore(service: string): boolean {
    return this.#parts.source.spareOf(service, "before") !== undefined;
  }

  /** The one that was used before; not started. undefined: there is none. */
  async takeBefore(service: string): Promise<ServiceUnit | undefined> {
    const { source } = this.#parts;
    const id = source.spareOf(service, "before");
    if (id === undefined) return undefined;
    await source.takeBefore(service);
    return this.#begin(service, id);
  }

  /** It is the service's from now on. Returns the one that was, which still runs. */
  async use(service: string): Promise<ServiceUnit> {
    const { source, replace } = this.#parts;
    const unit = this.#next.get(service);
    if (unit === undefined) throw new AppError("internal", `service "${service}" has no other VM`);
    await this.#remove(source.spareOf(service, "before"));
    await source.useNext(service);
    this.#next.delete(service);
    // They may have been changed while it was tried.
    await unit.settings.load();
    const before = replace(service, unit);
    await unit.applySettings().catch((error: unknown) => unit.log.add("atoll", "warning", messageOf(error)));
    return before;
  }

  /** It is not used. `isKept`: it stays what there is to go back to. */
  async drop(service: string, isKept: boolean): Promise<void> {
    const { source } = this.#parts;
    const unit = this.#next.get(service);
    this.#next.delete(service);
    // First, so that whoever waits for it does not start it again.
    unit?.close();
    await unit?.stop();
    if (isKept) await source.leaveBefore(service);
    else await this.#remove(source.spareOf(service, "next"));
  }

  /** Of a service that is removed. */
  async removeAll(service: string): Promise<void> {
    const { source } = this.#parts;
    await this.drop(service, false);
    await this.#remove(source.spareOf(service, "before"));
  }

  close(): void {
    for (const unit of this.#next.values()) unit.close();
  }

  async #begin(service: string, id: VmId): Promise<ServiceUnit> {
    const unit = await this.#parts.unitOf(service, id);
    this.#next.set(service, unit);
    return unit;
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
