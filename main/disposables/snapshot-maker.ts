/**
 * Makes the memory snapshots that disposables, and services that start fresh, go on from: in the background, by a VM that is like
 * them and is noted as long as it is there.
 */
import { randomUUID } from "node:crypto";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import { log } from "../base/log.ts";
import { waitFor } from "../base/waiting.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "../vms/definition.ts";
import type { Leftovers } from "./leftovers.ts";

/** Of what is for no VM. */
export const NEUTRAL_LABEL: LabelName = "slate";

interface SnapshotMakerParts {
  application: Pick<Application, "vms" | "on">;
  drivers: Drivers;
  leftovers: Leftovers;
}

export class SnapshotMaker {
  readonly #parts: SnapshotMakerParts;
  /** By what it is for. */
  readonly #preparing = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: SnapshotMakerParts) {
    this.#parts = parts;
  }

  /**
   * Makes what disposables of a template begin from, unless it is there, once no VM is starting. Never rejects: without it they
   * boot, and the log says why.
   */
  prepare(template: string): Promise<void> {
    return this.#prepareOnce(`disposables of template "${template}"`, () => {
      const machine = this.#parts.drivers.define({ template });
      return { ...newDefinition("snapshot", { label: NEUTRAL_LABEL }, machine), isThrowaway: true };
    });
  }

  /** The same for a VM that starts fresh each time: made by another one that is like it. */
  prepareFor(definition: VmDefinition): Promise<void> {
    const id = randomUUID() as VmId;
    return this.#prepareOnce(`starts of "${definition.name}"`, () => ({ ...definition, id, name: "snapshot" }));
  }

  /** The application ends: none is made any more. */
  async close(): Promise<void> {
    this.#closing.abort(new AppError("vm.start-cancelled", "The application ends."));
    await Promise.all(this.#preparing.values());
  }

  #prepareOnce(what: string, define: () => VmDefinition): Promise<void> {
    const preparing = this.#preparing.get(what) ?? this.#prepare(what, define);
    this.#preparing.set(what, preparing);
    return preparing;
  }

  async #prepare(what: string, define: () => VmDefinition): Promise<void> {
    const { drivers, leftovers } = this.#parts;
    const { signal } = this.#closing;
    try {
      await this.#allStarted(signal);
      const definition = define();
      const driver = drivers.named(definition.driver);
      await leftovers.note(definition);
      try {
        await driver.prepare(definition, signal);
      } finally {
        await driver.remove(definition);
        await leftovers.forget(definition.id);
      }
    } catch (error) {
      if (!signal.aborted && toErrorValue(error).code !== "template.not-built")
        log(`${what} boot: ${messageOf(error)}`);
    } finally {
      this.#preparing.delete(what);
    }
  }

  /** Resolves when no VM is starting: to make a snapshot is to boot a VM, and what a person waits for comes first. */
  #allStarted(signal: AbortSignal): Promise<void> {
    const { application } = this.#parts;
    return waitFor({
      listen: ({ resolve }) => {
        const look = (): void => {
          if (application.vms.every(({ state }) => state !== "starting")) resolve();
        };
        look();
        return application.on("changed", look);
      },
      signal,
    });
  }
}
