/** The application without its window: all VMs, their windows, and what can be asked of them. Electron and the control socket use it. */
import type { AppView } from "#shared/model/app.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { LabelName } from "#shared/model/label.ts";
import { type VmId, vmIdBeginning, type VmRole, type VmStatus } from "#shared/model/vm.ts";
import { parseWindowId, type SurfaceId, type WindowId, windowIdOf, type WindowView } from "#shared/model/window.ts";
import { type FileProblem, problemWords } from "#shared/model/yaml-file.ts";
import { Emitter } from "./base/emitter.ts";
import type { Drivers, MachineOptions } from "./hardware/drivers.ts";
import { partyOf, type VmParty } from "./policy/crossing.ts";
import { newDefinition, type VmDefinition } from "./vms/definition.ts";
import { firstVms } from "./vms/first-vms.ts";
import { launch, listApps, type Program, waitForWindow } from "./vms/launcher.ts";
import type { DefinitionSource } from "./vms/definition-source.ts";
import type { VmRegistry } from "./vms/registry.ts";
import { Vm, type VmContext } from "./vms/vm.ts";
import type { Desktop } from "./windows/desktop.ts";
import { FocusTracker } from "./windows/focus.ts";

export interface ApplicationOptions extends Omit<VmContext, "driver"> {
  /** Definitions of a person. */
  registry: VmRegistry;
  /** Where definitions come from beside the registry. Of two with one id the first source's counts. */
  sources?: readonly DefinitionSource[];
  /** Files that a person edits, beside the definitions. */
  files: () => readonly PersonsFile[];
  drivers: Drivers;
  /** Reads the policy, whose tests name VMs: when all of them are known, and before anybody is told so. Left out: there is none. */
  openPolicy?: () => Promise<void>;
  /** Builds a template for a VM that starts with the desktop; absent: none is built. Rejects with template.*. */
  buildTemplate?: (name: string) => Promise<void>;
}

/** A file that a person edits while the application runs. */
interface PersonsFile {
  /** Why it is not used; null: it is, or there is none. */
  readonly problem: FileProblem | null;
  /** Calls `changed` after it has been read again. Returns a function that ends it. */
  watch(changed: () => void): Promise<() => void>;
}

/** A VM, and the source that owns its definition. */
interface Entry {
  vm: Vm;
  source: DefinitionSource;
}

export interface ApplicationEvents {
  /** A VM, its windows, or the list of VMs changed. */
  changed: [];
  /** `problems` changed: a file of a person broke, or was fixed. */
  problemsChanged: [];
  /** All VMs are stopped, for its end: nobody has stopped one of them for its own sake. */
  ending: [];
}

export class Application extends Emitter<ApplicationEvents> {
  readonly focus = new FocusTracker();
  readonly #options: ApplicationOptions;
  readonly #vms = new Map<VmId, Entry>();
  readonly #ending = new AbortController();
  /** Aborted when the application ends: nothing starts by itself any more. */
  readonly ending: AbortSignal = this.#ending.signal;
  /** The page has said which windows it shows. */
  #hasPage = false;
  #desktop: Desktop | null = null;
  /** They end what watches the sources and the settings. */
  #watches: (() => void)[] = [];
  #isDefined: () => void = () => undefined;
  /** Resolves when every source's VMs are known, and the policy. */
  readonly defined = new Promise<void>((resolve) => (this.#isDefined = resolve));

  constructor(options: ApplicationOptions) {
    super();
    this.#options = options;
  }

  /** Reads the definitions, makes the first VMs, adopts what runs, reads the policy, starts what shall start with the desktop. */
  async open(): Promise<void> {
    const { registry, files, drivers, log } = this.#options;
    const isFirst = await registry.load();
    if (isFirst) await registry.begin(firstVms(drivers));
    for (const problem of this.problems) log(problemWords(problem));
    // At once: what is asked of a VM from now on waits for its adoption.
    const adopted = new Map(this.#sources.flatMap((source) => this.#addNew(source)).map((vm) => [vm, this.#adopt(vm)]));
    await this.#options.openPolicy?.();
    this.#watches = await Promise.all([
      ...this.#sources.map((source) =>
        source.watch(() => {
          this.#syncDefinitions(source);
          if (source === registry) this.#problemsChanged();
        }),
      ),
      ...files().map((file) => file.watch(() => this.#problemsChanged())),
    ]);
    this.#isDefined();
    if (this.problems.length > 0) this.emit("problemsChanged");
    await Promise.all(
      Array.from(adopted, ([vm, isAdopted]) => (vm.definition.autostart ? this.#autostart(vm, isAdopted) : isAdopted)),
    );
  }

  /** Ends without stopping the VMs: machines of a driver that can do so go on. */
  release(): void {
    this.#ending.abort();
    for (const end of this.#watches) end();
    for (const { vm } of this.#vms.values()) vm.release();
  }

  /** Those that run, and would go on without the application. */
  get lastingVms(): Vm[] {
    return this.vms.filter(
      (vm) => vm.isOn && vm.capabilities.outlivesApplication && vm.definition.isThrowaway !== true,
    );
  }

  /** For the end of the application. Resolves when each has stopped, or has failed to: with the names of those. */
  async stopAll(): Promise<string[]> {
    this.emit("ending");
    this.#ending.abort();
    const failed: string[] = [];
    await Promise.all(
      this.vms.map(async (vm) => {
        try {
          await vm.adopted();
          if (vm.isOn) await vm.stop();
        } catch (error) {
          this.#logFailure(vm, error);
          failed.push(vm.definition.name);
        }
      }),
    );
    return failed.sort();
  }

  /** Files of a person that are not used, because something is wrong with them. */
  get problems(): FileProblem[] {
    const { registry, files } = this.#options;
    return [...registry.problems, ...files().flatMap(({ problem }) => (problem === null ? [] : [problem]))];
  }

  /** The desktop is there, or gone. */
  set desktop(desktop: Desktop | null) {
    this.#desktop = desktop;
  }

  /** @throws AppError desktop.not-ready */
  get desktop(): Desktop {
    if (this.#desktop === null)
      throw new AppError("desktop.not-ready", "The desktop is not open yet: try again in a moment.");
    return this.#desktop;
  }

  /** The page reports which windows it shows; none: another page has come, which shows none yet. */
  windowsShown(windows: readonly { id: WindowId; frozen: boolean }[]): void {
    this.#hasPage = true;
    // What is frozen may have the id of a window that opens now.
    const shown = windows.flatMap(({ id, frozen }) => (frozen ? [] : (parseWindowId(id) ?? [])));
    for (const vm of this.vms) {
      const own = shown.filter(({ vmBeginning }) => vmBeginning === vmIdBeginning(vm.id));
      vm.windows.shown(new Set(own.map(({ surface }) => surface)));
    }
  }

  /** In the order of their names. */
  get vms(): Vm[] {
    return Array.from(this.#vms.values(), ({ vm }) => vm).sort((a, b) =>
      a.definition.name < b.definition.name ? -1 : 1,
    );
  }

  get statuses(): VmStatus[] {
    return this.vms.map((vm) => vm.status);
  }

  /** The VMs as the policy sees them. */
  get parties(): VmParty[] {
    const { statuses } = this;
    return statuses.map((status) => partyOf(status, statuses));
  }

  /** By name (CLI) or id (page). @throws AppError vm.not-found */
  vm(nameOrId: string): Vm {
    const vm = this.#vms.get(nameOrId as VmId)?.vm ?? this.vms.find(({ definition }) => definition.name === nameOrId);
    if (vm === undefined) {
      const problem = this.#options.registry.problemOf(nameOrId);
      if (problem !== undefined) {
        throw new AppError(
          "vm.bad-definition",
          `${problemWords(problem)}. Fix the file; it is reloaded automatically.`,
          {
            vm: nameOrId,
            ...problem,
          },
        );
      }
      const known = this.vms.map(({ definition }) => definition.name);
      throw new AppError(
        "vm.not-found",
        `There is no VM named "${nameOrId}"; there are: ${known.join(", ") || "none"}.`,
        { vm: nameOrId, known },
      );
    }
    return vm;
  }

  /** `launch` of the result is what its windows name as theirs. */
  async run(
    nameOrId: string,
    program: Program,
    waitWindowMs: number | null,
  ): Promise<{ pid: number; launch: number; windowId?: WindowId }> {
    const vm = this.vm(nameOrId);
    if (waitWindowMs === null) {
      const { pid, request } = await launch(vm, program);
      return { pid, launch: request };
    }
    const { found } = waitForWindow(vm, waitWindowMs);
    const { pid, request } = await launch(vm, program);
    return { pid, launch: request, windowId: await found(request) };
  }

  /** Of one VM, or of all that run. */
  async apps(nameOrId: string | null): Promise<AppView[]> {
    if (nameOrId !== null) return listApps(this.vm(nameOrId));
    const lists = await Promise.all(
      this.vms.filter((vm) => vm.state === "running").map((vm) => listApps(vm).catch(() => [])),
    );
    return lists.flat();
  }

  windows(): WindowView[] {
    const placed = new Map(this.#desktop?.layout().map((window) => [window.id, window]));
    return this.vms.flatMap((vm) =>
      Array.from(vm.windows.values(), (window) => {
        const id = windowIdOf(vm.id, window.surface);
        const place = placed.get(id);
        return {
          id,
          vm: vm.definition.name,
          title: window.title,
          appId: window.appId,
          ...(place?.content ?? { x: 0, y: 0, width: 0, height: 0 }),
          state: place?.mode ?? "normal",
          focused: place?.focused ?? false,
          frozen: vm.windows.isFrozen,
          kind: window.kind,
          popups: place?.popups ?? [],
        };
      }),
    );
  }

  /** @throws AppError window.not-found */
  window(id: string): { vm: Vm; surface: SurfaceId; id: WindowId } {
    const parts = parseWindowId(id);
    const vm =
      parts === null ? undefined : this.vms.find((candidate) => vmIdBeginning(candidate.id) === parts.vmBeginning);
    if (parts === null || vm?.windows.get(parts.surface) === undefined) {
      throw new AppError(
        "window.not-found",
        `There is no window ${id}: "atoll window list" shows those that there are.`,
        { window: id },
      );
    }
    const { surface } = parts;
    return { vm, surface, id: windowIdOf(vm.id, surface) };
  }

  /**
   * A VM that is of no list yet: nobody can ask for it, it has no links, and no page gets its windows. Whoever makes it ends it,
   * or has it introduced.
   */
  apart(definition: VmDefinition): Vm {
    return new Vm(definition, this.#contextOf(definition), { isHidden: true });
  }

  /** A VM that was apart, and may run: from now on it is one of this source, which has its definition. */
  introduce(vm: Vm, source: DefinitionSource): void {
    this.#know(vm, source);
    if (this.#hasPage) vm.windows.shown(new Set());
    vm.show();
    vm.keymapChanged();
    this.emit("changed");
  }

  /** @throws AppError vm.not-found, vm.busy */
  async remove(nameOrId: string): Promise<void> {
    const vm = this.vm(nameOrId);
    await vm.removedBy(async () => {
      const source = this.#vms.get(vm.id)?.source ?? this.#options.registry;
      await this.#options.drivers.named(vm.definition.driver).remove(vm.definition);
      await source.remove(vm.id);
    });
    this.#vms.delete(vm.id);
    this.emit("changed");
  }

  /**
   * Defines a VM, in a file of its own. It is not started.
   *
   * @param machine the driver, and what a person asked of it
   * @throws AppError vm.bad-name, vm.name-taken, file.write-failed, and what the driver says of its options
   */
  async create(name: string, trust: { label: LabelName; role?: VmRole }, machine: MachineOptions): Promise<Vm> {
    const { registry, drivers } = this.#options;
    const { driver = drivers.defaultName, ...options } = machine;
    drivers.refuseForeign(driver, Object.keys(options), "usage.bad-argument");
    const definition = newDefinition(name, trust, drivers.define(machine));
    // Names are one space, whatever source a VM is of; the registry knows its own.
    if (this.vms.some((vm) => vm.definition.name === name && this.#vms.get(vm.id)?.source !== registry))
      throw new AppError("vm.name-taken", `There is a VM named "${name}" already: choose another name.`, { name });
    await registry.add(definition);
    this.#syncDefinitions(registry);
    return this.vm(definition.id);
  }

  /**
   * Changes a VM's definition file. Label and role count at once, the machine's options from its next start on.
   *
   * @param machine options of its driver
   * @throws AppError vm.not-found, vm.unsupported, vm.bad-definition, file.write-failed, and what the driver says of its options
   */
  async change(
    nameOrId: string,
    trust: { label?: LabelName | undefined; role?: VmRole | undefined },
    machine: Readonly<Record<string, string | number>>,
  ): Promise<Vm> {
    const { registry, drivers } = this.#options;
    const vm = this.vm(nameOrId);
    const { definition } = vm;
    const { name, driver } = definition;
    if (this.#vms.get(vm.id)?.source !== registry)
      throw new AppError("vm.unsupported", `VM "${name}" is not defined by a file, so it cannot be changed here.`, {
        vm: name,
      });
    drivers.refuseForeign(driver, Object.keys(machine), "vm.unsupported");
    if (Object.keys(machine).length > 0) drivers.define({ ...definition, ...machine });
    const changed = Object.entries({ ...trust, ...machine }).filter(([, value]) => value !== undefined);
    await registry.change(vm.id, Object.fromEntries(changed) as Record<string, string | number>);
    this.#syncDefinitions(registry);
    return vm;
  }

  #problemsChanged(): void {
    for (const problem of this.problems) this.#options.log(problemWords(problem));
    this.emit("problemsChanged");
  }

  get #sources(): readonly DefinitionSource[] {
    return [this.#options.registry, ...(this.#options.sources ?? [])];
  }

  /**
   * Makes the VMs of one source what its definitions say; those of the others are not its business. A VM that is on keeps its
   * driver, and stays known, until it is off.
   */
  #syncDefinitions(source: DefinitionSource): void {
    const defined = new Map(source.all.map((definition) => [definition.id, definition]));
    for (const [id, { vm, source: owner }] of this.#vms) {
      if (owner !== source) continue;
      const definition = defined.get(id);
      if (definition?.driver === vm.definition.driver) vm.redefine(definition);
      else if (!vm.isOn) this.#vms.delete(id);
    }
    // A file that was broken may be of a VM that an earlier run of the application left running.
    for (const vm of this.#addNew(source)) void this.#adopt(vm);
    this.emit("changed");
  }

  /** Adds the VMs of a source that are not known yet. */
  #addNew(source: DefinitionSource): Vm[] {
    return source.all.flatMap((definition) => {
      const known = this.vms.find(({ id }) => vmIdBeginning(id) === vmIdBeginning(definition.id));
      if (known === undefined) return [this.#add(definition, source)];
      if (known.id !== definition.id)
        this.#options.log(`${definition.name}: its id begins as that of VM "${known.definition.name}": it is left out`);
      return [];
    });
  }

  /** Whether the VM ran; false also where that was not found out, which is logged. */
  async #adopt(vm: Vm): Promise<boolean> {
    try {
      return await vm.adopt();
    } catch (error) {
      this.#logFailure(vm, error);
      return false;
    }
  }

  /** Starts a VM that starts with the desktop, unless it runs already. Never rejects: a failure is shown at the VM and logged. */
  async #autostart(vm: Vm, adopted: Promise<boolean>): Promise<void> {
    const { signal } = this.#ending;
    const isAdopted = await adopted;
    // A person may have started or removed it meanwhile.
    if (signal.aborted || isAdopted || vm.isOn || !this.#vms.has(vm.id)) return;
    await this.#startBuilt(vm, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#logFailure(vm, error);
    });
  }

  /** Where its template is missing, as at the very first start of what was installed, that is built before. */
  async #startBuilt(vm: Vm, signal: AbortSignal): Promise<void> {
    const { template } = vm.status;
    try {
      return await vm.start();
    } catch (error) {
      const { buildTemplate } = this.#options;
      if (!(error instanceof AppError) || error.code !== "template.not-built") throw error;
      if (buildTemplate === undefined || template === null) throw error;
      await buildTemplate(template).catch((failure: unknown) => {
        if (failure instanceof AppError && !signal.aborted) vm.refuseStart(failure);
        throw failure;
      });
    }
    signal.throwIfAborted();
    // A person may have started or removed it meanwhile.
    if (!vm.isOn && this.#vms.has(vm.id)) await vm.start();
  }

  #logFailure(vm: Vm, error: unknown): void {
    this.#options.log(`${vm.definition.name}: ${messageOf(error)}`);
  }

  /** The VM's definition has gone, or names another driver, while it was on. */
  #isOutdated(vm: Vm, source: DefinitionSource): boolean {
    const definition = source.all.find(({ id }) => id === vm.id);
    return definition?.driver !== vm.definition.driver;
  }

  #contextOf({ driver }: VmDefinition): VmContext {
    const { drivers, spawnLink, output, keymap, log } = this.#options;
    return { spawnLink, output, keymap, log, driver: drivers.named(driver), ending: this.ending };
  }

  #add(definition: VmDefinition, source: DefinitionSource): Vm {
    const vm = new Vm(definition, this.#contextOf(definition));
    this.#know(vm, source);
    return vm;
  }

  #know(vm: Vm, source: DefinitionSource): void {
    vm.on("changed", () => {
      if (!vm.isOn && this.#isOutdated(vm, source)) this.#syncDefinitions(source);
      else this.emit("changed");
    });
    this.#vms.set(vm.id, { vm, source });
  }
}
