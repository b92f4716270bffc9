/** The application without its window: all VMs, their windows, what can be asked of them. Electron and the control socket stand on it. */
import type { AppView } from "#shared/ipc/contract.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type SurfaceId, type WindowId, windowIdOf, type WindowView } from "#shared/model/window.ts";
import { type FileProblem, problemWords } from "#shared/model/yaml-file.ts";
import { Emitter } from "./base/emitter.ts";
import type { Driver } from "./hardware/driver.ts";
import type { SettingsFile } from "./settings/settings.ts";
import { newDefinition, type VmDefinition } from "./vms/definition.ts";
import { launch, listApps, type Program, waitForWindow } from "./vms/launcher.ts";
import type { VmRegistry } from "./vms/registry.ts";
import { Vm, type VmContext } from "./vms/vm.ts";
import type { Desktop } from "./windows/desktop.ts";

export interface AtollOptions extends Omit<VmContext, "driver"> {
  registry: VmRegistry;
  settings: SettingsFile;
  drivers: Record<VmDefinition["driver"], Driver>;
}

export interface AtollEvents {
  /** A VM, its windows, or the list of VMs changed. */
  changed: [];
  /** Something is wrong, or no longer wrong, with the files of a person: `problems`. */
  problemsChanged: [];
}

/** VMs of the first start; they start with the desktop from then on. */
const FIRST_VMS: readonly { name: string; label: LabelName }[] = [
  { name: "home", label: "lagoon" },
  { name: "web", label: "coral" },
];

export class Atoll extends Emitter<AtollEvents> {
  readonly #options: AtollOptions;
  readonly #vms = new Map<VmId, Vm>();
  #desktop: Desktop | null = null;
  /** They end what watches a person's files. */
  #watches: (() => void)[] = [];
  /** Its VMs are being stopped: none is started any more. */
  #isEnding = false;

  constructor(options: AtollOptions) {
    super();
    this.#options = options;
  }

  /** Reads the definitions, makes the first VMs, adopts what runs, starts what shall start with the desktop. */
  async open(): Promise<void> {
    const { registry, settings, log } = this.#options;
    const isFirst = await registry.load();
    if (isFirst) {
      const autostart = true;
      await registry.begin(
        FIRST_VMS.map(({ name, label }) => ({ ...newDefinition(name, label, "debian"), autostart })),
      );
    }
    for (const problem of this.problems) log(problemWords(problem));
    // At once: what is asked of a VM from now on waits for its adoption.
    const takenUp = registry.all.map((definition) => this.#takeUp(this.#add(definition), definition.autostart));
    this.#watches = await Promise.all([
      registry.watch(() => {
        this.#follow();
        this.#problemsChanged();
      }),
      settings.watch(() => this.#problemsChanged()),
    ]);
    if (this.problems.length > 0) this.emit("problemsChanged");
    await Promise.all(takenUp);
  }

  /** Lets go of the VMs, which live on. */
  release(): void {
    for (const end of this.#watches) end();
    for (const vm of this.#vms.values()) vm.release();
  }

  /** Those whose machines are ours and would go on without the application. */
  get lastingVms(): Vm[] {
    return this.vms.filter((vm) => vm.isOn && vm.definition.driver === "qemu");
  }

  /** For the end of the application. Resolves when each has stopped, or has failed to: with the names of those. */
  async stopAll(): Promise<string[]> {
    this.#isEnding = true;
    const failed: string[] = [];
    await Promise.all(
      this.vms.map(async (vm) => {
        try {
          await vm.adopted();
          if (vm.isOn) await vm.stop();
        } catch (error) {
          this.#complain(vm, error);
          failed.push(vm.definition.name);
        }
      }),
    );
    return failed.sort();
  }

  /** Files of a person that are not used, because something is wrong with them. */
  get problems(): FileProblem[] {
    const { registry, settings } = this.#options;
    return [...registry.problems, ...(settings.problem === null ? [] : [settings.problem])];
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

  /** The page tells which windows it shows; null: another page has come. */
  windowsShown(windows: readonly { id: WindowId; frozen: boolean }[] | null): void {
    // What is frozen may have the id of a window that opens now.
    const shown = windows && new Set(windows.flatMap(({ id, frozen }) => (frozen ? [] : [id])));
    for (const vm of this.#vms.values()) {
      const surfaces = [...vm.windows.values()].map(({ surface }) => surface);
      vm.windows.shown(shown && new Set(surfaces.filter((surface) => shown.has(windowIdOf(vm.id, surface)))));
    }
  }

  /** In the order of their names. */
  get vms(): Vm[] {
    return [...this.#vms.values()].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  }

  get statuses(): VmStatus[] {
    return this.vms.map((vm) => vm.status);
  }

  /** By name (CLI) or id (page). @throws AppError vm.not-found */
  vm(nameOrId: string): Vm {
    const vm = this.#vms.get(nameOrId as VmId) ?? this.vms.find(({ definition }) => definition.name === nameOrId);
    if (vm === undefined) {
      const problem = this.#options.registry.problemOf(nameOrId);
      if (problem !== undefined) {
        throw new AppError("vm.bad-definition", `${problemWords(problem)}. Mend the file; it is read again at once.`, {
          vm: nameOrId,
          ...problem,
        });
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

  async run(
    nameOrId: string,
    program: Program,
    waitWindowMs: number | null,
  ): Promise<{ pid: number; windowId?: WindowId }> {
    const vm = this.vm(nameOrId);
    if (waitWindowMs === null) return { pid: (await launch(vm, program)).pid };
    const waiting = waitForWindow(vm, waitWindowMs);
    try {
      const { pid, request } = await launch(vm, program);
      return { pid, windowId: await waiting.found(request) };
    } finally {
      waiting.cancel();
    }
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
    const [vmPart = "", surfacePart = ""] = id.split(".");
    const surface = Number(surfacePart) as SurfaceId;
    const vm = this.vms.find((candidate) => candidate.id.startsWith(vmPart) && vmPart.length === 8);
    if (vm?.windows.get(surface) === undefined) {
      throw new AppError(
        "window.not-found",
        `There is no window ${id}: "atoll window list" shows those that there are.`,
        { window: id },
      );
    }
    return { vm, surface, id: windowIdOf(vm.id, surface) };
  }

  async remove(nameOrId: string): Promise<void> {
    const vm = this.vm(nameOrId);
    await vm.adopted();
    if (vm.isOn)
      throw new AppError("vm.busy", `VM "${vm.definition.name}" is ${vm.state}: stop it first.`, {
        vm: vm.definition.name,
      });
    await this.#options.drivers[vm.definition.driver].remove(vm.id);
    await this.#options.registry.remove(vm.id);
    this.#vms.delete(vm.id);
    this.emit("changed");
  }

  async create(definition: VmDefinition): Promise<Vm> {
    await this.#options.registry.add(definition);
    this.#follow();
    return this.vm(definition.id);
  }

  #problemsChanged(): void {
    for (const problem of this.problems) this.#options.log(problemWords(problem));
    this.emit("problemsChanged");
  }

  /** Makes the VMs what the definitions say. A VM that is on keeps its driver, and stays known, until it is off. */
  #follow(): void {
    const { registry } = this.#options;
    const defined = new Map(registry.all.map((definition) => [definition.id, definition]));
    for (const vm of this.vms) {
      const definition = defined.get(vm.id);
      if (definition?.driver === vm.definition.driver) vm.redefine(definition);
      else if (!vm.isOn) this.#vms.delete(vm.id);
    }
    for (const definition of defined.values()) {
      // A file that was broken may be of a VM that an earlier life of the application left running.
      if (!this.#vms.has(definition.id)) void this.#takeUp(this.#add(definition), false);
    }
    this.emit("changed");
  }

  /** Adopts it if it runs, else starts it if it shall. */
  async #takeUp(vm: Vm, shallStart: boolean): Promise<void> {
    try {
      if (!(await vm.adopt()) && shallStart && !this.#isEnding) await vm.start();
    } catch (error) {
      this.#complain(vm, error);
    }
  }

  #complain(vm: Vm, error: unknown): void {
    this.#options.log(`${vm.definition.name}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** The VM's definition has gone, or names another driver, while it was on. */
  #isOutdated(vm: Vm): boolean {
    const definition = this.#options.registry.all.find(({ id }) => id === vm.id);
    return definition?.driver !== vm.definition.driver;
  }

  #add(definition: VmDefinition): Vm {
    const { drivers, registry: _, settings: __, ...context } = this.#options;
    const vm = new Vm(definition, { ...context, driver: drivers[definition.driver] });
    vm.on("changed", () => {
      if (!vm.isOn && this.#isOutdated(vm)) this.#follow();
      else this.emit("changed");
    });
    this.#vms.set(vm.id, vm);
    return vm;
  }
}
