/** All VMs together, with machines scripted by the test. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { type GuestWindow, type SurfaceId, windowIdOf } from "#shared/model/window.ts";
import { Application } from "./application.ts";
import type { Driver, Machine, MachineDefinition, MachineEnd } from "./hardware/driver.ts";
import { SURFACES } from "./link/contracts/surfaces.ts";
import { Policy } from "./policy/policy.ts";
import { SettingsFile } from "./settings/settings.ts";
import type { VmDefinition } from "./vms/definition.ts";
import type { DefinitionSource } from "./vms/definition-source.ts";
import { VmRegistry } from "./vms/registry.ts";
import {
  type Deferred,
  deferred,
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
  serviceEvent,
} from "./vms/testing/scripted-vm.ts";
import type { Vm } from "./vms/vm.ts";

let folder: string;
let machine: ScriptedMachine;
let driver: Driver<MachineDefinition>;
let adopted: Deferred<Machine | MachineEnd | null>;
let application: Application;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  machine = new ScriptedMachine();
  adopted = deferred();
  driver = { ...scriptedDriver(machine), adopt: () => adopted.promise };
  const registry = new VmRegistry(folder, [scriptedType()]);
  await registry.add({ ...scriptedDefinition("home", "lagoon"), autostart: true });
  application = new Application({
    ...scriptedContext([]),
    registry,
    files: () => [new SettingsFile({ config: folder, state: folder })],
    drivers: scriptedDrivers(driver),
  });
});
afterEach(() => {
  application.release();
  fs.rmSync(folder, { recursive: true });
});

/** Its VM is known, and a machine of an earlier run is looked for. Resolves when that is over. */
async function opening(): Promise<{ opened: Promise<void> }> {
  const opened = application.open();
  await vi.waitFor(() => expect(application.vms).toHaveLength(1));
  return { opened };
}

describe("while a VM is being adopted", () => {
  it("a removal waits, and is refused when it runs", async () => {
    const remove = vi.spyOn(driver, "remove");
    const { opened } = await opening();
    const removed = application.remove("home").catch((error: unknown) => error);
    adopted.resolve(machine);
    expect(await removed).toMatchObject({ code: "vm.busy" });
    expect(remove).not.toHaveBeenCalled();
    await opened;
  });

  it("the end of all VMs waits, and is its end too", async () => {
    const { opened } = await opening();
    machine.answers.pressPowerButton = () => {
      machine.emit("ended", { reason: "powered-off" });
      return Promise.resolve();
    };
    const stopped = application.stopAll();
    adopted.resolve(machine);
    expect(await stopped).toEqual([]);
    expect(application.vm("home").status).toMatchObject({ state: "stopped", stateReason: "powered-off" });
    await opened;
  });

  it("the end of all VMs keeps it from being started", async () => {
    const start = vi.spyOn(driver, "start");
    const { opened } = await opening();
    const stopped = application.stopAll();
    adopted.resolve(null);
    expect(await stopped).toEqual([]);
    await opened;
    expect(start).not.toHaveBeenCalled();
  });
});

it("a VM that is being removed is started by nobody, unless that fails", async () => {
  adopted.resolve(machine);
  await application.open();
  machine.emit("ended", { reason: "powered-off" });
  const start = vi.spyOn(driver, "start");
  const remove = vi.spyOn(driver, "remove").mockRejectedValueOnce(new Error("EACCES"));
  await expect(application.remove("home")).rejects.toThrow("EACCES");
  await application.vm("home").start();
  expect(start).toHaveBeenCalledOnce();
  machine.emit("ended", { reason: "powered-off" });
  const gone = deferred<void>();
  remove.mockReturnValueOnce(gone.promise);
  const removed = application.remove("home");
  await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(2));
  await expect(application.vm("home").start()).rejects.toMatchObject({ code: "vm.busy" });
  const again = application.remove("home");
  gone.resolve();
  await Promise.all([removed, again]);
  expect(remove).toHaveBeenCalledTimes(2);
  expect(application.vms).toEqual([]);
  expect(start).toHaveBeenCalledOnce();
});

it.each(["stopped", "released"])("once all VMs are %s none is started, whoever still needs it", async (end) => {
  adopted.resolve(machine);
  await application.open();
  machine.emit("ended", { reason: "powered-off" });
  const start = vi.spyOn(driver, "start");
  if (end === "stopped") await application.stopAll();
  else application.release();
  await expect(application.vm("home").start()).rejects.toMatchObject({ code: "vm.busy" });
  expect(start).not.toHaveBeenCalled();
});

it("the end of all VMs names those that do not end", async () => {
  adopted.resolve(machine);
  await application.open();
  const fails = (): Promise<void> => Promise.reject(new AppError("hardware.machine-failed", "It does not end."));
  machine.answers.pressPowerButton = fails;
  machine.answers.kill = fails;
  expect(await application.stopAll()).toEqual(["home"]);
});

it("a policy that breaks a test that names a VM is not taken at a start either, and does not become the last good one", async () => {
  adopted.resolve(null);
  const rule = "rules: [{action: clipboard.paste, from: home, to: '@label:coral', decision: allow}]\n";
  const test = "tests: [{action: clipboard.paste, from: home, to: '@label:coral', expect: allow}]\n";
  const openedWith = async (text: string): Promise<Policy> => {
    const folders = { configFolder: folder, stateFolder: folder };
    const policy: Policy = new Policy({ ...folders, vms: () => again.parties });
    const again = new Application({
      ...scriptedContext([]),
      registry: new VmRegistry(folder, [scriptedType()]),
      files: () => [policy],
      drivers: scriptedDrivers(driver),
      openPolicy: () => policy.open(),
    });
    fs.writeFileSync(policy.file, text);
    void again.open();
    await again.defined;
    again.release();
    return policy;
  };
  expect((await openedWith(rule + test)).state).toBe("in-force");
  const policy = await openedWith(rule.replace("allow", "deny") + test);
  expect(policy.problem).toMatchObject({ line: 2, reason: expect.stringContaining("expects allow") as string });
  expect(policy.check("clipboard.paste", "home", "@label:coral", null).decision).toBe("allow");
  expect(await policy.lastGood()).toBe(rule + test);
  // One that holds counts at once.
  const other = await openedWith(rule.replace("from: home", "from: '@any'") + test);
  expect([other.state, await other.lastGood()]).toEqual(["in-force", await other.text()]);
});

it("a window is there that the page shows before its VM's link has said here that it opened", async () => {
  const links: ScriptedLink[] = [];
  const registry = new VmRegistry(folder, [scriptedType()]);
  const drivers = scriptedDrivers(driver);
  application = new Application({
    ...scriptedContext(links),
    registry,
    files: () => [new SettingsFile({ config: folder, state: folder })],
    drivers,
  });
  adopted.resolve(machine);
  await application.open();
  links[0]?.says(HELLO);
  const [vm] = application.vms as [Vm];
  const [early, frozen] = [3 as SurfaceId, 4 as SurfaceId];
  application.windowsShown([
    { id: windowIdOf(vm.id, early), frozen: false },
    { id: windowIdOf(vm.id, frozen), frozen: true },
    { id: windowIdOf("0badc0de-0000-4000-8000-000000000000" as VmId, frozen), frozen: false },
  ]);
  expect(vm.windows.isThere(early)).toBe(false);
  for (const surface of [early, frozen]) {
    const window = { surface, launch: null } as GuestWindow;
    links[0]?.says(serviceEvent(SURFACES, { type: "windowOpened", window }));
  }
  expect([early, frozen].map((surface) => vm.windows.isThere(surface))).toEqual([true, false]);
});

describe("definitions of several sources", () => {
  /** Definitions in memory, as disposables or services have them. */
  class MemorySource implements DefinitionSource {
    all: VmDefinition[];
    changed: () => void = () => undefined;

    constructor(...all: VmDefinition[]) {
      this.all = all;
    }

    watch(changed: () => void): Promise<() => void> {
      this.changed = changed;
      return Promise.resolve(() => (this.changed = () => undefined));
    }

    remove(id: VmId): Promise<void> {
      this.all = this.all.filter((definition) => definition.id !== id);
      return Promise.resolve();
    }
  }

  let registry: VmRegistry;
  let log: string[];
  const names = (): string[] => application.vms.map(({ definition }) => definition.name);

  /** The definition of "home" is a file, as everywhere here; it does not start by itself. */
  async function openWith(source: MemorySource): Promise<void> {
    adopted.resolve(null);
    registry = new VmRegistry(folder, [scriptedType()]);
    await registry.load();
    const [home] = registry.all;
    fs.writeFileSync(path.join(folder, "vms/home.yaml"), `id: ${home?.id}\ndriver: scripted\nlabel: lagoon\n`);
    log = [];
    application = new Application({
      ...scriptedContext([]),
      log: (line) => void log.push(line),
      registry,
      sources: [source],
      files: () => [new SettingsFile({ config: folder, state: folder })],
      drivers: scriptedDrivers(driver),
    });
    await application.open();
  }

  it("keep apart: what changes in one takes no VM of another away", async () => {
    const source = new MemorySource({ ...scriptedDefinition("once"), role: "disposable" });
    await openWith(source);
    expect(names()).toEqual(["home", "once"]);
    expect(application.vm("once").status.role).toBe("disposable");
    expect(application.vm("home").status.role).toBe("app");
    await application.create("work", { label: "rose" }, {});
    expect(names()).toEqual(["home", "once", "work"]);
    source.all = [scriptedDefinition("another")];
    source.changed();
    expect(names()).toEqual(["another", "home", "work"]);
    await application.remove("another");
    expect(source.all).toEqual([]);
    expect(registry.all.map(({ name }) => name)).toEqual(["home", "work"]);
  });

  it("do not share a VM: of two definitions with one id the first source's counts", async () => {
    const source = new MemorySource();
    await openWith(source);
    const { id } = application.vm("home");
    source.all = [{ ...scriptedDefinition("thief"), id }];
    source.changed();
    expect(names()).toEqual(["home"]);
  });

  it("have no VM whose id begins as another's: its sockets and windows would be that one's", async () => {
    const source = new MemorySource();
    await openWith(source);
    const id = `${application.vm("home").id.slice(0, 24)}0123456789ab` as VmId;
    source.all = [{ ...scriptedDefinition("twin"), id }];
    source.changed();
    expect(names()).toEqual(["home"]);
    expect(log.join()).toContain("twin: its id begins as that of VM");
  });

  it("keep a VM that runs until it has stopped, when its definition is gone", async () => {
    const source = new MemorySource(scriptedDefinition("once"));
    await openWith(source);
    await application.vm("once").start();
    source.all = [];
    source.changed();
    expect(names()).toEqual(["home", "once"]);
    machine.emit("ended", { reason: "powered-off" });
    expect(names()).toEqual(["home"]);
  });

  it("start with the desktop where they say so, each whatever becomes of the others", async () => {
    const broken = { ...scriptedDefinition("broken"), autostart: true };
    const web = { ...scriptedDefinition("web"), autostart: true };
    const { start } = driver;
    driver.start = (definition, ...rest) =>
      definition.name === "broken"
        ? Promise.reject(new AppError("hardware.no-space", "There is no space left."))
        : start(definition, ...rest);
    await openWith(new MemorySource(broken, web, scriptedDefinition("rest")));
    expect(log).toContain("broken: There is no space left.");
    expect(application.vm("broken").status).toMatchObject({ state: "stopped", stateReason: "no-space" });
    expect(application.vm("web").isOn).toBe(true);
    expect(application.vm("rest").isOn).toBe(false);
  });
});

describe("a VM that starts with the desktop, and whose template is not there", () => {
  const NOT_BUILT = new AppError("template.not-built", "Template debian is not built yet.");
  let builds: Deferred<void>;
  let built: string[];

  beforeEach(async () => {
    application.release();
    builds = deferred();
    built = [];
    let isBuilt = false;
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.load();
    const [home] = registry.all;
    const definition = `id: ${home?.id}\ndriver: scripted\nlabel: lagoon\nautostart: true\n`;
    fs.writeFileSync(path.join(folder, "vms/home.yaml"), definition);
    driver = {
      ...scriptedDriver(new ScriptedMachine()),
      summary: () => ({ template: "debian", network: null }),
      start: () => (isBuilt ? Promise.resolve(new ScriptedMachine()) : Promise.reject(NOT_BUILT)),
    };
    application = new Application({
      ...scriptedContext([]),
      registry,
      files: () => [],
      drivers: scriptedDrivers(driver),
      buildTemplate: async (name) => {
        built.push(name);
        await builds.promise;
        isBuilt = true;
      },
    });
  });

  it("starts when that is built", async () => {
    const opened = application.open();
    await vi.waitFor(() => expect(built).toEqual(["debian"]));
    expect(application.vm("home").state).toBe("stopped");
    builds.resolve();
    await opened;
    expect(application.vm("home").state).toBe("starting");
  });

  it("says why it could not be built", async () => {
    const opened = application.open();
    await vi.waitFor(() => expect(built).toEqual(["debian"]));
    builds.reject(new AppError("template.missing-tool", "Building a template needs mmdebstrap."));
    await opened;
    expect(application.vm("home").status).toMatchObject({
      state: "stopped",
      stateDetail: "Building a template needs mmdebstrap.",
    });
  });

  it("does not start when the application ends meanwhile", async () => {
    const opened = application.open();
    await vi.waitFor(() => expect(built).toEqual(["debian"]));
    application.release();
    builds.resolve();
    await opened;
    expect(application.vm("home").isOn).toBe(false);
  });
});
