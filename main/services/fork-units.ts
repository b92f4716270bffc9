/**
 * One more VM of a service, for one task: what is done in it is nothing to the VM that is used. It goes on from the memory that the
 * service's own starts go on from, where that is kept, and is gone afterwards with all that it had.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import { log } from "../base/log.ts";
import { type ServiceSource, spareName } from "./service-source.ts";
import type { ServiceUnit } from "./service-unit.ts";

export interface ForkUnitsParts {
  application: Pick<Application, "vms" | "vm" | "remove">;
  source: Pick<ServiceSource, "addFork" | "spareOf">;
  unitOf: (service: string, vm: VmId) => Promise<ServiceUnit>;
}

export class ForkUnits {
  readonly #parts: ForkUnitsParts;
  readonly #units = new Map<string, ServiceUnit>();
  /** Tasks, by service: each resolves when its VM is gone. */
  readonly #tasks = new Map<string, Promise<void>>();
  /** Services that are removed, or made another version, now. */
  readonly #ending = new Set<string>();
  #isClosed = false;

  constructor(parts: ForkUnitsParts) {
    this.#parts = parts;
  }

  /**
   * Resolves with what `work` comes to, when the VM is gone. One at a time of each service.
   * @throws AppError service.*, vm.name-taken, vm.*, and what `work` throws
   */
  async with<Result>(service: string, work: (unit: ServiceUnit) => Promise<Result>): Promise<Result> {
    this.#refuse(service);
    const { application, source } = this.#parts;
    if (this.#tasks.has(service) || source.spareOf(service, "fork") !== undefined)
      throw new AppError("service.busy", `Service "${service}" has another VM for one task already.`, { service });
    const name = spareName(service, "fork");
    if (application.vms.some(({ definition }) => definition.name === name)) {
      const sentence = `There is a VM named "${name}", which service "${service}" needs: remove it.`;
      throw new AppError("vm.name-taken", sentence, { name });
    }
    const task = this.#task(service, work).finally(() => this.#tasks.delete(service));
    const over = task.then(
      () => undefined,
      () => undefined,
    );
    this.#tasks.set(service, over);
    return task;
  }

  async #task<Result>(service: string, work: (unit: ServiceUnit) => Promise<Result>): Promise<Result> {
    const { application, source, unitOf } = this.#parts;
    const id = await source.addFork(service);
    const vm = application.vm(id);
    try {
      const unit = await unitOf(service, id);
      this.#refuse(service);
      this.#units.set(service, unit);
      await unit.start();
      this.#refuse(service);
      return await work(unit);
    } finally {
      // First, so that nobody starts it again.
      this.#units.get(service)?.close();
      this.#units.delete(service);
      try {
        if (vm.isOn) await vm.kill();
      } finally {
        await application.remove(id);
      }
    }
  }

  /** Does `change` when its VM for one task is gone, whatever that does; there is no other one before `change` is done. */
  async without<Result>(service: string, change: () => Promise<Result>): Promise<Result> {
    this.#ending.add(service);
    try {
      await this.#end(service);
      return await change();
    } finally {
      this.#ending.delete(service);
    }
  }

  async #end(service: string): Promise<void> {
    const unit = this.#units.get(service);
    // Whoever waits for it to be healthy is told.
    const stopped = unit?.stop().catch(() => undefined);
    if (unit?.vm.isOn === true) await unit.vm.kill().catch(() => undefined);
    await Promise.all([stopped, this.#tasks.get(service)]);
  }

  /** What an application that was killed has left. */
  async clean(service: string): Promise<void> {
    const { application, source } = this.#parts;
    const id = source.spareOf(service, "fork");
    const vm = application.vms.find((one) => one.id === id);
    if (vm === undefined) return;
    await vm.adopted().catch(() => undefined);
    if (vm.isOn) await vm.kill();
    await application.remove(vm.id);
  }

  /** The application ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const vms = [...this.#units.values()].map(({ vm }) => vm);
    for (const unit of this.#units.values()) unit.close();
    const ended = vms
      .filter((vm) => vm.isOn)
      .map(async (vm) => {
        // One that does not end is ended by the next run; the application's own end does not wait for that.
        await vm.kill().catch((error: unknown) => log(`${vm.definition.name}: ${messageOf(error)}`));
      });
    await Promise.all(ended);
  }

  /** A VM that is started then would outlive the application, or its version of the service. */
  #refuse(service: string): void {
    if (this.#isClosed) throw new AppError("service.busy", "Atoll ends.", { service });
    if (this.#ending.has(service))
      throw new AppError("service.busy", `Service "${service}" is being removed or changed.`, { service });
  }
}
