/**
 * Disposables: VMs that are made for one task. Each is gone, with all that it wrote, when its last window has closed, when the
 * request for it fails, when it stops, and when the application ends.
 */
import { performance } from "node:perf_hooks";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { LabelName } from "#shared/model/label.ts";
import { DEFAULT_TEMPLATE, type MachineOrigin, narrowerNetwork, type VmId, type VmNetwork } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import { deadline } from "../base/deadline.ts";
import { log } from "../base/log.ts";
import { waitFor } from "../base/waiting.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "../vms/definition.ts";
import { FIRST_WINDOW_MS, launch, type Program, waitForWindow } from "../vms/launcher.ts";
import type { Vm } from "../vms/vm.ts";
import type { DisposableSource } from "./disposable-source.ts";
import type { Leftovers } from "./leftovers.ts";
import { checkMemory } from "./memory.ts";
import { NEUTRAL_LABEL, type SnapshotMaker } from "./snapshot-maker.ts";

/** So many at once: each may take the memory and a processor of a VM. */
export const MAX_DISPOSABLES = 16;
/** How long its agent may take to say hello, ms. */
const AGENT_TIMEOUT_MS = 120_000;
/** A program may close one window shortly before it opens the next. */
export const LAST_WINDOW_MS = 1_000;

export interface DisposableRequest {
  /** Left out: that of `forVm`, else the default one. */
  template?: string | undefined;
  /** Left out: that of `forVm`, else a neutral one. */
  label?: LabelName | undefined;
  /** Left out: none. It gets no wider one than `forVm` has. */
  network?: VmNetwork | undefined;
  /** Left out: none is started. The disposable then stays until a first window has come and all are gone, or until `end`. */
  program?: Program | undefined;
  /** The VM for which it is made. */
  forVm?: VmId | undefined;
  /** Its name begins so, before a number; left out: "disp". */
  prefix?: string | undefined;
  /** Whoever asks starts something in it next: nothing is made in the background until that has a window. */
  isToOpen?: boolean | undefined;
}

export interface StartedDisposable {
  readonly vmId: VmId;
  readonly name: string;
  readonly origin: MachineOrigin;
  /** Milliseconds since the request. */
  readonly ms: number;
  /** Where a program was asked for: its process in the guest, what its windows name as their launch, and the first of them. */
  readonly launched: { readonly pid: number; readonly launch: number; readonly windowId: WindowId } | null;
}

/** What the opener uses. */
export interface DisposableVms {
  /**
   * Resolves when its agent answers and, where a program was asked for, the first window of that is there. Whatever fails, or is
   * aborted, leaves nothing behind.
   * @throws AppError disposable.no-memory, disposable.too-many, vm.*, template.*, app.*
   */
  start(request: DisposableRequest, options?: { signal?: AbortSignal | undefined }): Promise<StartedDisposable>;
  /**
   * Its last window does not end it until the function is called that this returns: something of it is still to be fetched.
   * `end` ends it all the same.
   */
  hold(vmId: VmId): () => void;
  /** Ends it at once and removes all of it. One that is gone is no error. */
  end(vmId: VmId): Promise<void>;
}

export interface DisposablesParts {
  application: Pick<Application, "vm" | "vms" | "remove" | "on" | "introduce">;
  drivers: Drivers;
  source: DisposableSource;
  leftovers: Leftovers;
  snapshots: Pick<SnapshotMaker, "hold" | "prepare">;
  /** MiB; null: unknown. */
  freeMemoryMiB: () => Promise<number | null>;
}

/** What an emulated VM takes when it begins, beside the memory that its guest uses later, MiB. */
const FIRST_MEMORY_MIB = 320;

export class Disposables implements DisposableVms {
  readonly #parts: DisposablesParts;
  /** Those that are there or being made: what ends the watch over each. */
  readonly #alive = new Map<VmId, () => void>();
  readonly #ending = new Map<VmId, Promise<void>>();
  /** How many hold each, and what looks again whether its windows are gone. */
  readonly #holds = new Map<VmId, number>();
  readonly #looks = new Map<VmId, () => void>();
  /** For those for whose agent or first window somebody waits: lets snapshots be made again. */
  readonly #awaited = new Map<VmId, () => void>();
  readonly #closing = new AbortController();
  /** By the beginning of names. */
  readonly #lastNumbers = new Map<string, number>();

  constructor(parts: DisposablesParts) {
    this.#parts = parts;
  }

  async start(
    request: DisposableRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<StartedDisposable> {
    const begunAt = performance.now();
    signal?.throwIfAborted();
    this.#refuseMore();
    const definition = this.define(request);
    const { id, name } = definition;
    // Counted from now on: several requests may come together.
    this.#alive.set(id, () => undefined);
    this.#awaited.set(id, this.#parts.snapshots.hold());
    try {
      checkMemory(FIRST_MEMORY_MIB, await this.#parts.freeMemoryMiB());
      await this.#parts.leftovers.note(definition);
      if (!this.#alive.has(id)) throw endedBefore(name);
      this.#parts.source.add(definition);
      const vm = this.#parts.application.vm(id);
      const launched = await abortable(this.#run(vm, request.program, signal), signal);
      if (!this.#alive.has(id)) throw endedBefore(name);
      const origin = vm.status.origin ?? "cold";
      if (request.isToOpen !== true || vm.windows.size > 0) this.#came(id);
      // It may be the first of its template, or that may have been built anew: the next one shall not have to boot.
      if (origin === "cold") void this.#parts.snapshots.prepare(templateOf(vm));
      return { vmId: id, name, origin, ms: Math.round(performance.now() - begunAt), launched };
    } catch (error) {
      await this.end(id);
      // It may have been ended before it was noted.
      if (!this.#isKnown(id)) await this.#parts.leftovers.forget(id);
      throw error;
    }
  }

  /**
   * A VM that was made apart and runs, or is paused: from now on it is a disposable as those that are started. It is noted. Nothing
   * is made in the background until it has a window.
   * @throws AppError disposable.too-many
   */
  take(vm: Vm): void {
    this.#refuseMore();
    this.#alive.set(vm.id, () => undefined);
    this.#awaited.set(vm.id, this.#parts.snapshots.hold());
    // Known before its definition comes from the source: that would make another VM of it.
    this.#parts.application.introduce(vm, this.#parts.source);
    this.#parts.source.add(vm.definition);
    this.#watch(vm);
  }

  /** The definition of such a disposable. @param name no other one's; left out: another one each time */
  define(request: DisposableRequest, name?: string): VmDefinition {
    const { template, label, network = "none", forVm, prefix = "disp" } = request;
    const caller = forVm === undefined ? null : this.#parts.application.vm(forVm).status;
    const machine = this.#parts.drivers.define({
      template: template ?? caller?.template ?? DEFAULT_TEMPLATE,
      network: caller === null ? network : narrowerNetwork(network, caller.network ?? "none"),
      // The same way, too: past a VPN it would be a wider one.
      ...(caller?.via === undefined ? {} : { via: caller.via }),
    });
    const trust = { label: label ?? caller?.label ?? NEUTRAL_LABEL, role: "disposable" } as const;
    const definition = { ...newDefinition(name ?? this.#newName(prefix), trust, machine), isThrowaway: true };
    // A disposable's own disposable goes on when that has gone: what counts is the VM that both are for.
    const connectsAs = caller?.role === "disposable" ? caller.forVm : caller?.id;
    return connectsAs === undefined ? definition : { ...definition, forVm: connectsAs };
  }

  hold(vmId: VmId): () => void {
    this.#holds.set(vmId, (this.#holds.get(vmId) ?? 0) + 1);
    let isHolding = true;
    return () => {
      if (!isHolding) return;
      isHolding = false;
      const left = (this.#holds.get(vmId) ?? 1) - 1;
      if (left > 0) this.#holds.set(vmId, left);
      else this.#holds.delete(vmId);
      this.#looks.get(vmId)?.();
    };
  }

  end(vmId: VmId): Promise<void> {
    if (!this.#alive.has(vmId)) return this.#ending.get(vmId) ?? Promise.resolve();
    this.#alive.get(vmId)?.();
    this.#alive.delete(vmId);
    this.#came(vmId);
    const ending = this.#end(vmId)
      .catch((error: unknown) => log(`a disposable is not wholly removed: ${messageOf(error)}`))
      .finally(() => this.#ending.delete(vmId));
    this.#ending.set(vmId, ending);
    return ending;
  }

  /** The application ends: so do all of them, and none is made any more. */
  async close(): Promise<void> {
    this.#closing.abort(new AppError("vm.start-cancelled", "The application ends."));
    await Promise.all([...this.#alive.keys(), ...this.#ending.keys()].map((id) => this.end(id)));
  }

  /** Nobody waits for it any more. */
  #came(id: VmId): void {
    this.#awaited.get(id)?.();
    this.#awaited.delete(id);
  }

  #refuseMore(): void {
    this.#closing.signal.throwIfAborted();
    if (this.#alive.size >= MAX_DISPOSABLES)
      throw new AppError(
        "disposable.too-many",
        `There are ${MAX_DISPOSABLES} disposables already: close the windows of one, then try again.`,
        { limit: MAX_DISPOSABLES },
      );
  }

  /** Not one that a disposable of this run has had: what a person reads of one is not another's. */
  #newName(prefix: string): string {
    const taken = new Set(this.#parts.application.vms.map(({ definition }) => definition.name));
    let number = this.#lastNumbers.get(prefix) ?? 0;
    do number += 1;
    while (taken.has(`${prefix}-${number}`));
    this.#lastNumbers.set(prefix, number);
    return `${prefix}-${number}`;
  }

  async #run(
    vm: Vm,
    program: Program | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StartedDisposable["launched"]> {
    await vm.start();
    this.#watch(vm);
    await answering(vm, signal);
    if (program === undefined) return null;
    const { found } = waitForWindow(vm, FIRST_WINDOW_MS);
    const { pid, request } = await launch(vm, program);
    return { pid, launch: request, windowId: await found(request) };
  }

  /** It ends with its last window, and when its machine is off. */
  #watch(vm: Vm): void {
    if (!this.#alive.has(vm.id)) return;
    let hasHadWindow = false;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      if (!vm.isOn) return void this.end(vm.id);
      if (vm.windows.size > 0) {
        hasHadWindow = true;
        this.#came(vm.id);
        clearTimeout(timer);
        timer = undefined;
      } else if (hasHadWindow && !this.#holds.has(vm.id))
        timer ??= setTimeout(() => void this.end(vm.id), LAST_WINDOW_MS);
    };
    const stops = [vm.on("changed", look), vm.windows.on("changed", look)];
    this.#alive.set(vm.id, () => {
      clearTimeout(timer);
      this.#looks.delete(vm.id);
      for (const stop of stops) stop();
    });
    this.#looks.set(vm.id, look);
    look();
  }

  #isKnown(id: VmId): boolean {
    return this.#parts.source.all.some((definition) => definition.id === id);
  }

  async #end(id: VmId): Promise<void> {
    const { application, leftovers } = this.#parts;
    if (this.#isKnown(id)) {
      const vm = application.vm(id);
      if (vm.isOn) await vm.kill();
      await application.remove(id);
    }
    await leftovers.forget(id);
  }
}

/** Resolves when its agent has said hello. */
async function answering(vm: Vm, signal: AbortSignal | undefined): Promise<void> {
  const { name } = vm.definition;
  const sentence = `"${name}" has not come up within ${AGENT_TIMEOUT_MS / 1000} s.`;
  const limit = deadline(AGENT_TIMEOUT_MS, () => new AppError("vm.timeout", sentence, { vm: name }), signal);
  try {
    await vm.running(limit.signal);
  } finally {
    limit.end();
  }
}

/** The same promise, which nobody waits for any more once `signal` is aborted. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return waitFor<Value>({
    listen: ({ resolve, reject }) => {
      promise.then(resolve, reject);
      return () => undefined;
    },
    signal,
  });
}

function templateOf(vm: Vm): string {
  return vm.status.template ?? DEFAULT_TEMPLATE;
}

function endedBefore(name: string): AppError {
  return new AppError("vm.not-running", `"${name}" ended before it was ready.`, { vm: name });
}
