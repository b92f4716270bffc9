/** All services: what there is, each with its VM and what keeps that running. */
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { type ServiceInfo, type ServiceView, shownValue, SIGNATURES_SETTING } from "#shared/model/service.ts";
import type { VmId, VmRole } from "#shared/model/vm.ts";
import { type FileProblem, problemWords } from "#shared/model/yaml-file.ts";
import fsp from "node:fs/promises";
import path from "node:path";
import { resolveCacheDir, templateStatus } from "../../images/builder/index.ts";
import type { Application } from "../application.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { watchFolder } from "../base/watch-folder.ts";
import type { VmDefinition } from "../vms/definition.ts";
import type { TemplateBuilds } from "../vms/template-builds.ts";
import { type Service, type ServiceCatalog, type Trial, writeService } from "./catalog.ts";
import type { ServiceManifest } from "./manifest.ts";
import { ForkUnits } from "./fork-units.ts";
import { NextUnits } from "./next-units.ts";
import { FOLDER_ORIGIN, type Origin, refuseSuccessor, shownOrigin } from "./origin.ts";
import { type ActualRights, rightsOf } from "./rights.ts";
import { ServiceSettings } from "./service-settings.ts";
import type { ServiceSource } from "./service-source.ts";
import { jobTests, rightsTests, type TestResult, type TriedRight } from "./service-tests.ts";
import { ServiceUnit } from "./service-unit.ts";
import { copySignature, verifyFolder } from "./signing/signed-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { Updates } from "./updates.ts";

export interface ServicesOptions {
  application: Pick<Application, "vm" | "vms" | "remove" | "on">;
  catalog: ServiceCatalog;
  source: ServiceSource;
  builds: TemplateBuilds;
  configFolder: string;
  stateFolder: string;
  /** What the service's VM has in fact; null: it does not run. */
  actualRights: (unit: ServiceUnit) => Promise<ActualRights | null>;
  /** Whether a VM of this role is refused a network by that service. */
  refusesRole: (service: string, role: VmRole) => boolean;
  /** How many files it keeps apart, in its VM. */
  quarantined: (service: string) => number;
  /** Makes what VMs of such a definition go on from when they start. */
  prepare: (definition: VmDefinition) => void;
  /** Removes it. */
  unprepare: (definition: VmDefinition) => Promise<void>;
  /** Resolves when what its settings say of its VMs is in force; rejects where it cannot be, and nothing is changed then. */
  applied: (service: string) => Promise<void>;
}

export interface ServicesEvents {
  /** Anything of them, also what their programs say: up to hundreds of times a second. */
  changed: [];
  /** Which there are, what they run as, or their settings: nothing that a program can bring about. */
  configured: [];
  /** `problem` changed: a file of settings broke, or was fixed. */
  problemsChanged: [];
}

/** Settings that were last of use. */
const LAST_GOOD = "service-settings-last-good";
/** What an application that was killed has left of them, the next one removes. */
const INSTALL_FOLDER = ".service-install-";

export class Services extends Emitter<ServicesEvents> {
  readonly #options: ServicesOptions;
  readonly #folder: string;
  readonly #units = new Map<string, ServiceUnit>();
  readonly next: NextUnits;
  readonly forks: ForkUnits;
  readonly #updates: Updates;
  /** What a person wants to run is remembered: from when it is known what wanted to run before, to the application's end. */
  #remembers = false;
  /** It may come before the services are known. */
  #isEnding = false;
  #isOpened: () => void = () => undefined;
  /** Resolves when it has charge of all services' VMs. */
  readonly opened = new Promise<void>((resolve) => (this.#isOpened = resolve));

  constructor(options: ServicesOptions) {
    super();
    this.#options = options;
    this.#folder = path.join(options.configFolder, "services");
    options.application.on("ending", () => (this.#isEnding = true));
    this.next = new NextUnits({
      ...options,
      unitOf: async (name, vm) => {
        const trial = options.catalog.trialOf(name);
        const { manifest } = trial?.service ?? options.catalog.named(name);
        return this.#unitOf(manifest, vm, await this.#settingsFor(manifest, trial), trial);
      },
      replace: (name, unit) => {
        const before = this.unit(name);
        this.#units.set(name, unit);
        this.#configured();
        return before;
      },
    });
    this.forks = new ForkUnits({
      ...options,
      unitOf: async (name, vm) => {
        const { manifest } = options.catalog.named(name);
        return this.#unitOf(manifest, vm, await this.#settingsFor(manifest));
      },
    });
    this.#updates = new Updates({
      ...options,
      next: this.next,
      settingsFolder: this.#folder,
      unit: (name) => this.unit(name),
      test: (unit) => this.#testsOf(unit),
      replace: (name, change) => this.#replace(name, change),
      changed: () => {
        for (const unit of this.#units.values()) this.#remember(unit);
        this.emit("changed");
      },
    });
  }

  /** Before the application reads its definitions: what is installed, and the services' VMs. */
  async load(): Promise<void> {
    const { catalog, source } = this.#options;
    await Promise.all([catalog.load(), source.load()]);
    for (const { manifest } of catalog.all) await source.set(manifest);
  }

  /**
   * When the application has read its definitions: takes charge of the services' VMs, of all at once. Whoever needs one of them is
   * told then, before a program of a VM that was left running can say anything.
   */
  async open(): Promise<void> {
    const { application, catalog, source } = this.#options;
    for (const { manifest } of catalog.all) {
      const { name } = manifest;
      if (!application.vms.some((vm) => vm.definition.name === name && vm.definition.service === undefined)) continue;
      // Names are one space: a person's own VM was there first.
      log(`service "${name}" is left out: there is a VM of that name`);
      catalog.leaveOut(name);
      await source.forget(name);
    }
    // Side by side: one file that is gone for a moment keeps no other waiting.
    const all = await Promise.all(
      catalog.all.map(async ({ manifest }) => ({ manifest, settings: await this.#settingsFor(manifest) })),
    );
    for (const { manifest, settings } of all)
      this.#units.set(manifest.name, this.#unitOf(manifest, this.#idOf(manifest.name), settings));
    for (const [name, unit] of this.#units)
      if (source.isWanted(name)) unit.start().catch((error: unknown) => log(`service "${name}": ${messageOf(error)}`));
    const cleaned = [...this.#units.keys()].map((name) => this.#clean(name));
    this.#remembers = true;
    this.#isOpened();
    this.#configured();
    await Promise.all(cleaned);
  }

  /** What an application that was killed has left of its other VMs. */
  async #clean(name: string): Promise<void> {
    await Promise.all([this.next.clean(name), this.forks.clean(name)]).catch((error: unknown) =>
      log(`service "${name}": what is left of its other VMs stays: ${messageOf(error)}`),
    );
  }

  /** One of the files of settings that is not used; null: all are. */
  get problem(): FileProblem | null {
    const problems = [
      ...this.#options.catalog.problems,
      ...[...this.#units.values()].map(({ settings }) => settings.problem),
    ];
    return problems.find((problem) => problem !== null) ?? null;
  }

  /** A person edits settings. Returns a function that ends it. */
  async watch(changed: () => void): Promise<() => void> {
    await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    return watchFolder(this.#folder, () => void this.#reload().then(changed));
  }

  close(): void {
    for (const unit of this.#units.values()) unit.close();
    this.next.close();
  }

  get units(): readonly ServiceUnit[] {
    return [...this.#units.values()];
  }

  /** Those that it has no charge of yet, and starts then. */
  get coming(): readonly ServiceManifest[] {
    const { catalog, source } = this.#options;
    return catalog.all.flatMap(({ manifest }) =>
      !this.#units.has(manifest.name) && source.isWanted(manifest.name) ? [manifest] : [],
    );
  }

  /** @throws AppError service.not-found */
  unit(name: string): ServiceUnit {
    const { manifest } = this.#options.catalog.named(name);
    const unit = this.#units.get(manifest.name);
    if (unit === undefined) throw new AppError("internal", `service "${name}" has no VM`);
    return unit;
  }

  /** Roles of VMs that may have their network by it; null: there is no such service. */
  rolesServedBy(name: string): readonly VmRole[] | null {
    return this.#units.get(name)?.manifest.rights.serves ?? null;
  }

  /** Its settings as they are in force, also before its VM is known. */
  settingsOf(name: string): Readonly<Record<string, unknown>> {
    return this.#units.get(name)?.settings.values ?? {};
  }

  /** Why nobody knows what a person wants of it, which may be more than its defaults; null: it is known, or not there. */
  settingsProblem(name: string): string | null {
    const { isKnown = true, problem = null } = this.#units.get(name)?.settings ?? {};
    return isKnown || problem === null ? null : `its settings are not known: ${problemWords(problem)}`;
  }

  /** A setting of it that is a list, as it is in force; empty where there is none. */
  listOf(name: string, setting: string): readonly string[] {
    const value = this.settingsOf(name)[setting];
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  }

  /** The same of one that is a text. */
  textOf(name: string, setting: string): string {
    const value = this.settingsOf(name)[setting];
    return typeof value === "string" ? value : "";
  }

  async view(name: string): Promise<ServiceView> {
    const { catalog } = this.#options;
    const { manifest, origin } = catalog.named(name);
    const unit = this.unit(name);
    const { vm } = unit;
    const isBuilt = vm.isOn || (await templateStatus(catalog.recipe(name), resolveCacheDir())).built !== null;
    const { version, description, icon, cpus, rights } = manifest;
    return {
      name,
      version,
      description,
      icon,
      origin: shownOrigin(origin),
      state: unit.state === "stopped" && !isBuilt ? "absent" : unit.state,
      stateDetail: unit.stateDetail,
      health: unit.health,
      healthDetail: unit.healthDetail,
      status: unit.status,
      vm: vm.definition.name,
      memoryMiB: this.next.memoryOf(name),
      cpus,
      uptimeS: unit.uptimeS,
      hasBefore: this.next.hasBefore(name),
      versionBefore: catalog.versionBefore(name),
      isUpdating: this.#updates.isBusy(name),
      rights: rightsOf(rights, vm.isOn ? await this.#options.actualRights(unit) : null),
    };
  }

  async views(): Promise<ServiceView[]> {
    // One that is being added has no VM yet.
    const known = this.#options.catalog.all.filter(({ manifest }) => this.#units.has(manifest.name));
    return Promise.all(known.map(({ manifest }) => this.view(manifest.name)));
  }

  async info(name: string): Promise<ServiceInfo> {
    const { manifest, settings, tables } = this.unit(name);
    const values = Object.entries(manifest.settings).map(([key, schema]) => [
      key,
      { schema, value: shownValue(schema, settings.values[key] ?? schema.default) },
    ]);
    return {
      ...(await this.view(name)),
      settings: Object.fromEntries(values) as ServiceInfo["settings"],
      panels: manifest.panels,
      tables: tables.rows(),
    };
  }

  /** In force when it resolves, where the service runs. @throws AppError service.*, scan.signatures-refused */
  async set(name: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const { settings } = this.unit(name);
    const { [SIGNATURES_SETTING]: before } = settings.values;
    await settings.set(name, values);
    const { [SIGNATURES_SETTING]: wanted } = settings.values;
    await this.unit(name).applySettings();
    try {
      // Nothing else leads to another VM of it.
      if (Object.hasOwn(values, SIGNATURES_SETTING)) await this.#options.applied(name);
    } catch (error) {
      const unit = this.unit(name);
      // A person may have given others meanwhile.
      if (unit.settings.values[SIGNATURES_SETTING] === wanted) {
        await unit.settings.set(name, { [SIGNATURES_SETTING]: before });
        await unit.applySettings();
      }
      throw error;
    } finally {
      this.#configured();
    }
  }

  /** What a folder asks, by whom it is signed, and what is installed; null: nothing. @throws AppError service.* */
  async sheet(
    folder: string,
  ): Promise<{ manifest: ServiceManifest; origin: Origin; installed: ServiceManifest | null }> {
    const { catalog } = this.#options;
    const { manifest } = await catalog.read(folder);
    const origin = await this.#originOf(folder);
    return { manifest, origin, installed: this.installed(manifest.name) };
  }

  /** null: it is not there. */
  installed(name: string): ServiceManifest | null {
    const { catalog } = this.#options;
    return catalog.has(name) ? catalog.named(name).manifest : null;
  }

  /** On the service as it runs. @throws AppError service.not-connected */
  async test(name: string): Promise<TestResult[]> {
    return this.#testsOf(this.unit(name));
  }

  async #testsOf(unit: ServiceUnit): Promise<TestResult[]> {
    const { manifest } = unit;
    const { name } = manifest;
    const actual = await this.#options.actualRights(unit);
    if (!unit.isHealthy || actual === null)
      throw new AppError("service.not-connected", `Service "${name}" does not run: start it first.`, { service: name });
    return [
      ...rightsTests(manifest.rights, actual, (right) => this.#isRefused(unit, right)),
      ...(await jobTests(manifest, (input, signal) => unit.job(input, signal))),
    ];
  }

  /** Tries to have what a right is for; what has no right of its own to try is seen from its machine's interfaces. */
  #isRefused(unit: ServiceUnit, right: TriedRight): boolean {
    if (right.kind === "role") return this.#options.refusesRole(unit.manifest.name, right.role);
    try {
      unit.by(right.right).tell({ state: null });
      return false;
    } catch (error) {
      return toErrorValue(error).code === "service.right-not-asked";
    }
  }

  /** The folder's service, installed or in the place of its earlier version. @throws AppError service.*, file.write-failed */
  async install(folder: string): Promise<string> {
    const { catalog, stateFolder } = this.#options;
    const service = await catalog.read(folder);
    // Else it could be another one once its signature was looked at.
    const copy = await temporaryFolder(stateFolder, INSTALL_FOLDER);
    try {
      await copyService(service, folder, copy);
      return await this.put(copy, await this.#originOf(folder, copy));
    } finally {
      await fsp.rm(copy, { recursive: true, force: true });
    }
  }

  /**
   * The same of a folder that is from an index, where one is given: it is tried before it is used.
   * @throws AppError service.*; what was there goes on
   */
  async put(folder: string, origin: Origin): Promise<string> {
    await this.opened;
    const { catalog } = this.#options;
    const { manifest } = await catalog.read(folder);
    const { name, version } = manifest;
    this.refuseTaken(name);
    this.refuseOther(name, version, origin);
    if (catalog.has(name)) {
      await this.#updates.put(name, folder, { origin, isTried: origin.index !== null });
    } else await this.#add(await catalog.install(folder, origin));
    this.#configured();
    return name;
  }

  /** To the version before, settings included. @throws AppError service.no-version-before, service.not-healthy */
  async backToVersion(name: string): Promise<void> {
    this.unit(name);
    try {
      await this.#updates.back(name);
    } finally {
      this.#configured();
    }
  }

  /** Nothing that is installed can have the name. @throws AppError service.built-in, service.name-taken */
  refuseTaken(name: string): void {
    const { catalog, application } = this.#options;
    if (catalog.has(name) && catalog.named(name).origin === null)
      throw new AppError("service.built-in", `"${name}" is a service that comes with Atoll: choose another name.`, {
        service: name,
      });
    if (!catalog.has(name) && application.vms.some((vm) => vm.definition.name === name))
      throw new AppError("service.name-taken", `There is a VM named "${name}": choose another name for the service.`, {
        service: name,
      });
  }

  /** Where nothing of that name is installed there is nothing to refuse. @throws AppError service.other-signer, service.not-newer */
  refuseOther(name: string, version: string, origin: Origin): void {
    const { catalog } = this.#options;
    if (!catalog.has(name)) return;
    const { manifest, origin: before } = catalog.named(name);
    refuseSuccessor(manifest, before, { version, origin });
  }

  /** A folder that has a signature is what was signed, or is refused. @throws AppError service.bad-signature, service.expired */
  async #originOf(folder: string, at = folder): Promise<Origin> {
    try {
      const { key } = await verifyFolder(folder, await this.#options.catalog.read(at), Date.now(), at);
      return { index: null, key };
    } catch (error) {
      if (toErrorValue(error).code === "service.not-signed") return FOLDER_ORIGIN;
      throw error;
    }
  }

  #replace(name: string, change: () => Promise<Service>): Promise<void> {
    return this.forks.without(name, () => this.#replaceUnit(name, change));
  }

  /** Where `change` fails, what was there is taken charge of again. */
  async #replaceUnit(name: string, change: () => Promise<Service>): Promise<void> {
    const unit = this.unit(name);
    const wasWanted = unit.isWanted;
    await unit.stop();
    unit.close();
    try {
      await this.next.removeAll(name);
      await this.#add(await change());
    } catch (error) {
      await this.#add(this.#options.catalog.named(name));
      this.#configured();
      if (wasWanted)
        void this.unit(name)
          .start()
          .catch(() => undefined);
      throw error;
    }
    this.#configured();
  }

  /** With its VM, its settings and its disk. Where it fails, what is left of it can be removed again. @throws AppError service.built-in */
  async remove(name: string): Promise<void> {
    const { catalog } = this.#options;
    const unit = this.unit(name);
    if (catalog.named(name).origin === null)
      throw new AppError("service.built-in", `"${name}" comes with Atoll and cannot be removed; it can be stopped.`, {
        service: name,
      });
    await this.forks.without(name, () => this.#removeUnit(name, unit));
    this.#configured();
  }

  async #removeUnit(name: string, unit: ServiceUnit): Promise<void> {
    const { catalog, application, source } = this.#options;
    await unit.stop();
    await this.next.removeAll(name);
    const id = source.idOf(name);
    if (id !== undefined) await application.remove(id);
    await unit.settings.remove();
    await catalog.remove(name);
    unit.close();
    this.#units.delete(name);
  }

  async #add({ manifest }: Service): Promise<void> {
    await this.#options.source.set(manifest);
    const settings = await this.#settingsFor(manifest);
    this.#units.set(manifest.name, this.#unitOf(manifest, this.#idOf(manifest.name), settings));
  }

  #idOf(name: string): VmId {
    const id = this.#options.source.idOf(name);
    if (id === undefined) throw new AppError("internal", `service "${name}" has no definition`);
    return id;
  }

  /** Those that others' networks go by are started by these. */
  #remember({ manifest: { name, rights }, isWanted }: ServiceUnit): void {
    if (!this.#remembers || this.#isEnding || rights.serves.length > 0) return;
    // It stops for another version of it. An application that is killed meanwhile would leave it so.
    if (this.#updates.isBusy(name)) return;
    this.#options.source
      .setWanted(name, isWanted)
      .catch((error: unknown) => log(`service "${name}": ${messageOf(error)}`));
  }

  async #settingsFor({ name, settings }: ServiceManifest, trial?: Trial): Promise<ServiceSettings> {
    const folders =
      trial === undefined
        ? { own: this.#folder, lastGood: path.join(this.#options.stateFolder, LAST_GOOD) }
        : { own: trial.settingsFolder, lastGood: path.join(trial.settingsFolder, LAST_GOOD) };
    const made = new ServiceSettings(folders, name, settings);
    await made.load();
    return made;
  }

  #unitOf(manifest: ServiceManifest, id: VmId, settings: ServiceSettings, trial?: Trial): ServiceUnit {
    const { application, builds, catalog, prepare, unprepare } = this.#options;
    const { name } = manifest;
    const isTrial = trial !== undefined;
    // Builds are known by their names.
    const build = (): Promise<void> => builds.build(isTrial ? `${name} (new)` : name, catalog.recipe(name, isTrial));
    const vm = application.vm(id);
    const unit = new ServiceUnit({
      ...{ manifest, vm, settings, build },
      // What is tried is used once.
      booted: isTrial ? () => undefined : () => prepare(vm.definition),
      spoiled: () => unprepare(vm.definition),
    });
    unit.on("changed", () => {
      if (this.#units.get(name) === unit) this.#remember(unit);
      this.emit("changed");
    });
    return unit;
  }

  #configured(): void {
    this.emit("configured");
    this.emit("changed");
  }

  async #reload(): Promise<void> {
    // An edit that comes while they are read at the start may have come too late for that.
    await this.opened;
    // Side by side: one file that is gone for a moment keeps no other waiting.
    await Promise.all(
      this.units.map(async (unit) => {
        const before = JSON.stringify(unit.settings.values);
        await unit.settings.load();
        if (JSON.stringify(unit.settings.values) !== before)
          await unit.applySettings().catch((error: unknown) => unit.log.add("atoll", "error", messageOf(error)));
      }),
    );
    this.#configured();
  }
}

/** With its signature, where it has one. @throws AppError file.write-failed, also where a file of it cannot be read any more */
async function copyService(service: Service, folder: string, copy: string): Promise<void> {
  try {
    await writeService(service, copy);
    await copySignature(folder, copy);
  } catch (error) {
    const sentence = `${folder} cannot be copied to ${copy}: ${messageOf(error)}.`;
    throw new AppError("file.write-failed", sentence, { file: copy }, { cause: error });
  }
}
