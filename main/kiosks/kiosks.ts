/**
 * Kiosks: keeps a VM of each ready, in the background and within the memory that the settings give; hands one out when it is asked
 * for, and starts its program in a new disposable where none is ready. A VM for a file that is opened in a disposable is kept as they
 * are. What goes wrong with a VM that was kept ready is in nobody's way.
 */
import { isDeepStrictEqual } from "node:util";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { type Kiosk, type KioskSettings, type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import type { MachineOrigin, VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import type { VmDefinition } from "../vms/definition.ts";
import type { Vm } from "../vms/vm.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import type { DisposableRequest, Disposables } from "../disposables/disposables.ts";
import { checkMemory } from "../disposables/memory.ts";
import type { SnapshotMaker } from "../disposables/snapshot-maker.ts";
import { isForFiles, keptReady, kiosksWith } from "./catalogue.ts";
import { kioskLimitMiB } from "./limit.ts";
import {
  begun,
  EMPTY_POOL,
  failed,
  filled,
  fitting,
  plan,
  type Pool,
  take,
  type WantedKiosk,
  without,
} from "./pool.ts";
import { shown, WarmVm, type WarmVmParts } from "./warm-vm.ts";

/** How long the window of a VM that was ready may take to be shown, ms; after that another one is started. */
const SHOWN_MS = 20_000;

/** What is known of a template. */
export interface KioskTemplate {
  readonly isBuilt: boolean;
  /** Of its VMs. */
  readonly memoryMiB: number;
}

export interface StartedKiosk {
  readonly name: string;
  readonly windowId: WindowId;
  readonly ms: number;
  readonly origin: MachineOrigin | "ready";
}

export interface KiosksParts extends WarmVmParts {
  application: Pick<Application, "apart" | "vms">;
  disposables: Pick<Disposables, "define" | "start" | "take" | "end">;
  snapshots: Pick<SnapshotMaker, "idle" | "hold">;
  settings: () => KioskSettings;
  /** By name; one that has no recipe is not there. */
  templates: () => Promise<ReadonlyMap<string, KioskTemplate>>;
  /** @throws AppError template.* */
  buildTemplate: (name: string) => Promise<void>;
  /** MiB; null: unknown. */
  freeMemoryMiB: () => Promise<number | null>;
}

/** One that is being made, or waits. */
interface Kept {
  readonly kiosk: Kiosk;
  readonly definition: VmDefinition;
  readonly cancelling: AbortController;
  /** Resolves when it waits; rejects when it could not be made, and then nothing of it is left. */
  readonly made: Promise<WarmVm>;
}

interface KiosksEvents {
  changed: [];
}

export class Kiosks extends Emitter<KiosksEvents> {
  readonly #parts: KiosksParts;
  /** By the ids of the pool's entries. */
  readonly #kept = new Map<number, Kept>();
  readonly #discarding = new Set<Promise<void>>();
  /** VMs that go on for whoever asked, and are of no list before they do. */
  readonly #handingOut = new Set<VmId>();
  /** VMs that were handed out, and have yet to do what they were asked for. */
  readonly #settling = new Set<WarmVm>();
  /** Templates that were built before anybody asked for a kiosk, or could not be: each is tried once. */
  readonly #builtAhead = new Set<string>();
  readonly #closing = new AbortController();
  #building: Promise<void> | null = null;
  #pool: Pool = EMPTY_POOL;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #looksAgain = false;
  #isOpen = false;

  constructor(parts: KiosksParts) {
    super();
    this.#parts = parts;
  }

  /** From now on VMs are kept ready. */
  open(): void {
    this.#isOpen = true;
    this.look();
  }

  /** Ids of the VMs that no list has. */
  get vmIds(): VmId[] {
    return [...Array.from(this.#kept.values(), ({ definition }) => definition.id), ...this.#handingOut];
  }

  /** Settings or templates have changed. */
  look(): void {
    this.#looksAgain = true;
    this.#looking ??= this.#lookAgain().finally(() => (this.#looking = null));
  }

  /** A template has another build: what was made of the former one is given up. */
  templateBuilt(name: string): void {
    for (const [id, { kiosk }] of [...this.#kept]) if (kiosk.template === name) this.#discard(id);
    this.look();
  }

  async views(): Promise<KioskView[]> {
    const templates = await this.#parts.templates();
    const fits = new Set(fitting(this.#wanted(templates), this.limitMiB).map(({ kiosk }) => kiosk));
    return this.#all.map(({ name, title, kind, template: templateName, network, note }) => {
      const template = templates.get(templateName);
      const entry = this.#pool.entries.find((one) => one.kiosk === name);
      const isCold = template?.isBuilt === true && entry === undefined;
      return {
        name,
        title,
        kind,
        template: templateName,
        network,
        note,
        memoryMiB: template?.memoryMiB ?? null,
        state: isCold ? "cold" : template?.isBuilt !== true ? "not-built" : entry?.isReady ? "ready" : "starting",
        detail: isCold ? this.#whyCold(name, fits) : "",
      };
    });
  }

  /**
   * Resolves when its window is there.
   * @throws AppError kiosk.not-found, disposable.*, template.*, app.*
   */
  async start(
    name: string,
    args: readonly string[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<StartedKiosk> {
    const begunAt = performance.now();
    const kiosk = this.#find(name);
    const end = this.#parts.snapshots.hold();
    try {
      const ready = (await this.#handOut(kiosk, args, signal)) ?? (await this.#startCold(kiosk, args, signal));
      return { ...ready, ms: Math.round(performance.now() - begunAt) };
    } finally {
      end();
      this.look();
    }
  }

  /**
   * A disposable for a file: the VM that waits for one, where that is as the one that is asked for, else a new one.
   * @throws AppError disposable.*, template.*, vm.*
   */
  async startForFile(
    request: DisposableRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ vmId: VmId }> {
    const end = this.#parts.snapshots.hold();
    try {
      const ready = await this.#handOutForFile(request, signal);
      if (ready !== null) return { vmId: ready.id };
      // Not kiosks: a browser takes minutes to get ready, and files come often.
      this.#cancelMaking(isForFiles);
      return await this.#parts.disposables.start(request, { signal });
    } finally {
      end();
      this.look();
    }
  }

  /** The application ends: all are given up, and none is made any more. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#closing.abort(new AppError("vm.start-cancelled", "The application ends."));
    clearTimeout(this.#timer);
    for (const id of [...this.#kept.keys()]) this.#discard(id);
    await this.#looking;
    await Promise.all([...this.#discarding, this.#building]);
  }

  /** What VMs that are kept ready may have together, MiB. */
  get limitMiB(): number {
    return kioskLimitMiB(this.#parts.settings());
  }

  get #all(): readonly Kiosk[] {
    return keptReady(this.#parts.settings().own);
  }

  #find(name: string): Kiosk {
    const kiosks = kiosksWith(this.#parts.settings().own);
    const kiosk = kiosks.find((one) => one.name === name);
    if (kiosk !== undefined) return kiosk;
    const known = kiosks.map((one) => one.name);
    throw new AppError("kiosk.not-found", `There is no kiosk "${name}"; there are: ${known.join(", ")}.`, {
      kiosk: name,
      known,
    });
  }

  /** Those whose templates are built. */
  #wanted(templates: ReadonlyMap<string, KioskTemplate>): WantedKiosk[] {
    return this.#known(templates).filter(({ template }) => template.isBuilt);
  }

  #known(templates: ReadonlyMap<string, KioskTemplate>): (WantedKiosk & { template: KioskTemplate })[] {
    return this.#all.flatMap(({ name, template: templateName }) => {
      const template = templates.get(templateName);
      return template === undefined ? [] : [{ kiosk: name, memoryMiB: template.memoryMiB, template }];
    });
  }

  #whyCold(name: string, fits: ReadonlySet<string>): string {
    const failure = this.#pool.failures.get(name);
    if (failure !== undefined) return failure.detail;
    if (fits.has(name)) return "";
    return this.limitMiB === 0
      ? "None is kept ready (kiosks.memoryMiB is 0)."
      : "There is no room to keep one ready (kiosks.memoryMiB).";
  }

  async #lookAgain(): Promise<void> {
    while (this.#looksAgain) {
      this.#looksAgain = false;
      await this.#plan().catch((error: unknown) => log(`kiosks: ${messageOf(error)}`));
    }
  }

  async #plan(): Promise<void> {
    const templates = await this.#parts.templates();
    const wanted = this.#wanted(templates);
    if (!this.#isOpen) return;
    const now = performance.now();
    const { begin, drop, againAtMs } = plan(this.#pool, wanted, this.limitMiB, now);
    for (const id of drop) this.#discard(id);
    clearTimeout(this.#timer);
    if (againAtMs !== null) this.#timer = setTimeout(() => this.look(), againAtMs - now);
    // Its memory is another one's when it has gone.
    if (begin !== null && this.#discarding.size === 0 && this.#settling.size === 0) this.#begin(begin);
    if (begin === null && this.#pool.entries.every(({ isReady }) => isReady)) this.#buildAhead(templates);
    this.emit("changed");
  }

  /** The first use of a kiosk that there is room for shall not wait for its template: one after the other, in the background. */
  #buildAhead(templates: ReadonlyMap<string, KioskTemplate>): void {
    if (this.#building !== null) return;
    const fits = new Set(fitting(this.#known(templates), this.limitMiB).map(({ kiosk }) => kiosk));
    const isDue = ({ name, template }: Kiosk): boolean =>
      fits.has(name) && templates.get(template)?.isBuilt === false && !this.#builtAhead.has(template);
    const due = this.#all.find(isDue);
    if (due === undefined) return;
    this.#builtAhead.add(due.template);
    this.#building = this.#buildInBackground(due.template).finally(() => {
      this.#building = null;
      this.look();
    });
  }

  /** Never rejects. */
  async #buildInBackground(template: string): Promise<void> {
    const { signal } = this.#closing;
    try {
      await this.#parts.snapshots.idle(signal);
      signal.throwIfAborted();
      await this.#parts.buildTemplate(template);
    } catch (error) {
      if (!signal.aborted) log(`kiosks: template "${template}" is not built in the background: ${messageOf(error)}`);
    }
  }

  #begin(wanted: WantedKiosk): void {
    const kiosk = this.#all.find(({ name }) => name === wanted.kiosk);
    if (kiosk === undefined) return;
    const definition = this.#define(kiosk);
    this.#pool = begun(this.#pool, wanted);
    const id = this.#pool.lastId;
    const cancelling = new AbortController();
    const made = this.#make(kiosk, definition, wanted.memoryMiB, cancelling.signal);
    this.#kept.set(id, { kiosk, definition, cancelling, made });
    made.then(
      ({ vm }) => {
        if (!this.#kept.has(id)) return;
        this.#pool = filled(this.#pool, id);
        vm.on("changed", () => {
          if (!vm.isOn) this.#discard(id);
        });
        this.look();
      },
      (error: unknown) => {
        if (!this.#kept.delete(id)) return;
        log(`kiosk "${kiosk.name}" is not kept ready: ${messageOf(error)}`);
        this.#pool = failed(this.#pool, id, messageOf(error), performance.now());
        this.look();
      },
    );
  }

  #requestOf({ name, template, network, for: caller }: Kiosk): DisposableRequest {
    const forVm = this.#parts.application.vms.find(({ definition }) => definition.name === caller)?.id;
    return { template, network, prefix: name, forVm };
  }

  /** Keys that its program makes are no other VM's: it boots. Viewers make none, and a fork is there sooner. */
  #define(kiosk: Kiosk, name?: string): VmDefinition {
    const definition = this.#parts.disposables.define(this.#requestOf(kiosk), name);
    return isForFiles(kiosk) ? definition : { ...definition, bootsAlone: true };
  }

  /** Another one would be made now: the VM that it is for has another label or network, or has come or gone. */
  #isOutdated({ kiosk, definition }: Kept): boolean {
    return !isDeepStrictEqual({ ...this.#define(kiosk, definition.name), id: definition.id }, definition);
  }

  async #make(kiosk: Kiosk, definition: VmDefinition, memoryMiB: number, signal: AbortSignal): Promise<WarmVm> {
    await this.#parts.snapshots.idle(signal);
    checkMemory(memoryMiB, await this.#parts.freeMemoryMiB());
    return WarmVm.make(this.#parts, kiosk, definition, signal);
  }

  /** It is given up, or has ended; nothing of it is left afterwards. */
  #discard(id: number): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    this.#pool = without(this.#pool, id);
    kept.cancelling.abort(new AppError("vm.start-cancelled", "It is not needed any more."));
    const gone = kept.made
      .then(
        (warm) => warm.discard(),
        () => undefined,
      )
      .catch((error: unknown) => log(`a VM of kiosk "${kept.kiosk.name}" is not wholly removed: ${messageOf(error)}`))
      .finally(() => {
        this.#discarding.delete(gone);
        this.look();
      });
    this.#discarding.add(gone);
  }

  /** One that is ready, and nobody else's from now on; null: there is none. */
  #take(name: string): Kept | null {
    const { pool, id } = take(this.#pool, name);
    const kept = id === null ? undefined : this.#kept.get(id);
    if (id === null || kept === undefined) return null;
    this.#pool = pool;
    this.#kept.delete(id);
    this.#handingOut.add(kept.definition.id);
    this.emit("changed");
    return kept;
  }

  /** Somebody waits for what it was asked to open: until that has been done none is made ready beside it. */
  #settle(warm: WarmVm): void {
    this.#settling.add(warm);
    const { signal } = this.#closing;
    void warm
      .calm(signal)
      // It has ended, or the application does.
      .catch(() => undefined)
      .finally(() => {
        this.#settling.delete(warm);
        this.look();
      });
  }

  /** As the one that is asked for, whose label and caller count from now on; null: there is none, or it is of no use. */
  async #handOutForFile(request: DisposableRequest, signal: AbortSignal | undefined): Promise<Vm | null> {
    const waiting = [...this.#kept].find(([id, { kiosk }]) => isForFiles(kiosk) && this.#isReady(id))?.[1].definition;
    if (waiting === undefined) return null;
    const { disposables } = this.#parts;
    const definition = { ...disposables.define(request, waiting.name), id: waiting.id };
    // Label and caller are the application's words; all else is its machine's, which is as it is.
    const { label, forVm } = definition;
    if (!isDeepStrictEqual(definition, { ...waiting, label, ...(forVm === undefined ? {} : { forVm }) })) return null;
    const kept = this.#take(VIEWERS);
    if (kept === null) return null;
    const warm = await kept.made;
    try {
      await warm.vm.resume();
      signal?.throwIfAborted();
      warm.vm.redefine(definition);
      disposables.take(warm.vm);
      this.#settle(warm);
      return warm.vm;
    } catch (error) {
      await warm.discard();
      signal?.throwIfAborted();
      log(`a VM that was ready for a file is of no use: ${messageOf(error)}`);
      return null;
    } finally {
      this.#handingOut.delete(waiting.id);
    }
  }

  /** One that is ready; null: there is none, or it is of no use. */
  async #handOut(
    kiosk: Kiosk,
    args: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Omit<StartedKiosk, "ms"> | null> {
    const kept = this.#take(kiosk.name);
    if (kept === null) return null;
    const warm = await kept.made;
    const { vm } = warm;
    let isTaken = false;
    try {
      if (this.#isOutdated(kept)) {
        await warm.discard();
        return null;
      }
      const windowId = await warm.goOn(args);
      signal?.throwIfAborted();
      this.#parts.disposables.take(vm);
      isTaken = true;
      this.#settle(warm);
      await shown(vm, windowId, SHOWN_MS);
      return { name: vm.definition.name, windowId, origin: "ready" };
    } catch (error) {
      await (isTaken ? this.#parts.disposables.end(vm.id) : warm.discard());
      signal?.throwIfAborted();
      log(`kiosk "${kiosk.name}": what was ready is of no use: ${messageOf(error)}`);
      return null;
    } finally {
      this.#handingOut.delete(vm.id);
    }
  }

  async #startCold(
    kiosk: Kiosk,
    args: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Omit<StartedKiosk, "ms">> {
    const { name, template, program } = kiosk;
    const templates = await this.#parts.templates();
    if (templates.get(template)?.isBuilt !== true) await this.#parts.buildTemplate(template);
    this.#cancelMaking();
    const request = { ...this.#requestOf(kiosk), program: { argv: [...program, ...args] } };
    const { name: vm, launched, origin } = await this.#parts.disposables.start(request, { signal });
    if (launched === null) throw new AppError("internal", `Kiosk "${name}" has started no program.`);
    return { name: vm, windowId: launched.windowId, origin };
  }

  /** Whoever waits comes before those that nobody has asked for yet. */
  #cancelMaking(isMeant: (kiosk: Kiosk) => boolean = () => true): void {
    for (const [id, kept] of [...this.#kept]) if (!this.#isReady(id) && isMeant(kept.kiosk)) this.#cancel(id, kept);
  }

  #isReady(id: number): boolean {
    return this.#pool.entries.some((entry) => entry.id === id && entry.isReady);
  }

  #cancel(id: number, { kiosk }: Kept): void {
    log(`kiosk "${kiosk.name}": another VM is asked for, so none is made ready now`);
    this.#discard(id);
  }
}
