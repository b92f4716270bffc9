/** The application without its window: all VMs, their windows, what can be asked of them. Electron and the control socket stand on it. */
import type { AppView } from "#shared/ipc/contract.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type SurfaceId, type WindowId, windowIdOf, type WindowView } from "#shared/model/window.ts";
import { Emitter } from "./base/emitter.ts";
import type { Driver } from "./hardware/driver.ts";
import { newDefinition, type VmDefinition } from "./vms/definition.ts";
import { launch, listApps, type Program, waitForWindow } from "./vms/launcher.ts";
import type { VmRegistry } from "./vms/registry.ts";
import { Vm, type VmContext } from "./vms/vm.ts";
import type { Desktop } from "./windows/desktop.ts";

export interface AtollOptions extends Omit<VmContext, "driver"> {
  registry: VmRegistry;
  drivers: Record<VmDefinition["driver"], Driver>;
}

export interface AtollEvents {
  /** A VM, its windows, or the list of VMs changed. */
  changed: [];
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

  constructor(options: AtollOptions) {
    super();
    this.#options = options;
  }

  /** Reads the definitions, makes the first VMs, adopts what runs, starts what shall start with the desktop. */
  async open(): Promise<void> {
    const { registry, log } = this.#options;
    const isFirst = await registry.load();
    if (isFirst) {
      for (const { name, label } of FIRST_VMS)
        await registry.add({ ...newDefinition(name, label, "debian"), autostart: true });
    }
    for (const error of registry.broken) log(error.message);
    for (const definition of registry.all) this.#add(definition);
    await Promise.all(
      this.vms.map(async (vm) => {
        try {
          if (!(await vm.adopt()) && vm.definition.autostart) await vm.start();
        } catch (error) {
          log(`${vm.definition.name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }),
    );
  }

  /** Lets go of the VMs, which live on. */
  release(): void {
    for (const vm of this.#vms.values()) vm.release();
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
    const vm = this.#add(definition);
    this.emit("changed");
    return vm;
  }

  #add(definition: VmDefinition): Vm {
    const { drivers, registry: _, ...context } = this.#options;
    const vm = new Vm(definition, { ...context, driver: drivers[definition.driver] });
    vm.on("changed", () => this.emit("changed"));
    this.#vms.set(vm.id, vm);
    return vm;
  }
}
