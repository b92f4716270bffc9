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
import { FIRST_WINDOW_MS } from "../vms/launcher.ts";
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
  /** Each with what ends it in any case. */
  readonly #holds = new Set<NodeJS.Timeout>();
  readonly #looks = new Set<() => void>();
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

  /**
   * Somebody waits for a window: none is begun until the function that this gives is called, and for three minutes at most. To make
   * a snapshot is to boot a VM, and what a person waits for comes first.
   */
  hold(): () => void {
    const end = (): void => {
      clearTimeout(timer);
      if (this.#holds.delete(timer)) for (const look of this.#looks) look();
    };
    const timer = setTimeout(end, FIRST_WINDOW_MS);
    this.#holds.add(timer);
    return end;
  }

  /** Resolves when no VM is starting and nobody waits for a window. */
  quiet(signal: AbortSignal): Promise<void> {
    const { application } = this.#parts;
    return waitFor({
      listen: ({ resolve }) => {
        const look = (): void => {
          if (this.#holds.size === 0 && application.vms.every(({ state }) => state !== "starting")) resolve();
        };
        look();
        this.#looks.add(look);
        const stop = application.on("changed", look);
        return () => {
          stop();
          this.#looks.delete(look);
        };
      },
      signal,
    });
  }

  /** The same, and no snapshot is being made either. */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#preparing.size > 0) await Promise.all(this.#preparing.values());
    await this.quiet(signal);
  }

  /** The application ends: none is made any more. */
  async close(): Promise<void> {
    this.#closing.abort(new AppError("vm.start-cancelled", "The application ends."));
    for (const timer of this.#holds) clearTimeout(timer);
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
      await this.quiet(signal);
      const definition = define();
      const driver = drivers.named(definition.driver);
      if (!driver.capabilities.canPrepare) return;
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
}
