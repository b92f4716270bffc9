/** All services together: what is remembered of them. VMs are scripted, files are real. */
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { serviceContract } from "#shared/ipc/service.ts";
import { Application } from "../application.ts";
import { watchFolder } from "../base/watch-folder.ts";
import { Drivers, registered } from "../hardware/drivers.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { cliCaller } from "../ipc/testing/checked.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  deferred,
  scriptedContext,
  scriptedDriver,
  ScriptedMachine,
  scriptedType,
} from "../vms/testing/scripted-vm.ts";
import type { TemplateBuilds } from "../vms/template-builds.ts";
import { ServiceCatalog } from "./catalog.ts";
import { serviceHandlers } from "./requests.ts";
import { ServiceSettings } from "./service-settings.ts";
import { ServiceSource } from "./service-source.ts";
import { Services } from "./services.ts";
import { publicKeyText } from "./signing/minisign.ts";
import { signFolder } from "./signing/signed-folder.ts";
import { WORDS } from "./testing/words-manifest.ts";

let home: string;
let application: Application;
let catalog: ServiceCatalog;
let source: ServiceSource;
let services: Services;
/** Until then nobody knows whether VMs of such names were left running. */
let inDoubt: Record<string, Promise<ScriptedMachine | null>>;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-services-"));
  inDoubt = {};
  await begin();
  await services.open();
});
afterEach(() => {
  end();
  fs.rmSync(home, { recursive: true });
});

/** The application runs, and does not know its services yet. */
async function begin(): Promise<void> {
  const driver = {
    ...scriptedDriver(new ScriptedMachine()),
    define: (options: object) => ({ ...options }),
    start: () => Promise.resolve(machine()),
    adopt: ({ name }: { name?: string }) => inDoubt[name ?? ""] ?? Promise.resolve(null),
  };
  const drivers = new Drivers([registered(scriptedType(), driver)]);
  source = new ServiceSource(home, drivers);
  catalog = new ServiceCatalog({ builtIns: [], stateFolder: home, recipesFolder: null });
  const registry = new VmRegistry(home, [scriptedType()]);
  application = new Application({
    ...scriptedContext([]),
    ...{ registry, sources: [source], files: () => [], drivers },
  });
  services = new Services({
    ...{ application, catalog, source, configFolder: home, stateFolder: home },
    builds: { build: () => Promise.resolve() } as unknown as TemplateBuilds,
    actualRights: () => Promise.resolve(null),
    refusesRole: () => false,
    quarantined: () => 0,
    prepare: () => undefined,
    unprepare: () => Promise.resolve(),
    applied: () => Promise.resolve(),
  });
  await services.load();
  void application.open();
  await application.defined;
}

function end(): void {
  services.close();
  application.release();
}

/** It ends as its power button is pressed: its agent never answers. */
function machine(): ScriptedMachine {
  const made = new ScriptedMachine();
  made.answers.pressPowerButton = () => {
    made.emit("ended", { reason: "powered-off" });
    return Promise.resolve();
  };
  return made;
}

function folder(version: string): string {
  const made = path.join(home, version);
  fs.mkdirSync(path.join(made, "program"), { recursive: true });
  fs.writeFileSync(path.join(made, "service.yaml"), WORDS.replace("1.0.0", version));
  fs.writeFileSync(path.join(made, "program/run"), version, { mode: 0o755 });
  return made;
}

/** What the next run of the application would start. */
const isWantedLater = (): boolean => {
  const known = JSON.parse(fs.readFileSync(path.join(home, "services.json"), "utf8")) as Record<string, object>;
  return "wanted" in (known["words"] ?? {}) && (known["words"] as { wanted: boolean }).wanted;
};

it("takes charge of all and starts what is wanted, whatever has to be removed of one, and makes no other VM before", async () => {
  await services.install(folder("1.0.0"));
  await source.setWanted("words", true);
  await source.addNext("words");
  end();
  const left = deferred<null>();
  inDoubt = { "words-next": left.promise };
  await begin();
  const known: unknown[] = [];
  services.on("configured", () => known.push(services.units.length));
  expect(services.coming.map(({ name }) => name)).toEqual(["words"]);
  const opening = services.open();
  await services.opened;
  // What is no longer coming was started: a scanner is missing at no moment.
  expect([known, services.coming, services.unit("words").state]).toEqual([[1], [], "starting"]);
  await vi.waitFor(() => expect(services.unit("words").vm.state).toBe("starting"));
  await expect(services.next.make("words", 0)).rejects.toMatchObject({ code: "service.busy" });
  expect(application.vms.map((vm) => vm.definition.name)).toContain("words-next");
  left.resolve(null);
  await opening;
  expect(application.vms.map((vm) => vm.definition.name)).not.toContain("words-next");
  await services.next.make("words", 0);
});

it("what is wanted stays so where all VMs are stopped for the application's end before the services are known", async () => {
  await services.install(folder("1.0.0"));
  await source.setWanted("words", true);
  end();
  const left = deferred<ScriptedMachine | null>();
  inDoubt = { words: left.promise };
  await begin();
  const stopped = application.stopAll();
  await services.open();
  left.resolve(machine());
  expect([await stopped, services.unit("words").state, source.isWanted("words")]).toEqual([[], "stopped", true]);
});

it("settings that a person edits while all are read for the first time count", async () => {
  const from = folder("1.0.0");
  fs.appendFileSync(path.join(from, "service.yaml"), 'settings: { greeting: { type: text, title: G, default: "" } }\n');
  await services.install(from);
  end();
  await begin();
  const unwatch = await services.watch(() => undefined);
  const [read, goOn, edited] = [deferred<undefined>(), deferred<undefined>(), deferred<undefined>()];
  const { load } = ServiceSettings.prototype;
  vi.spyOn(ServiceSettings.prototype, "load").mockImplementationOnce(async function (this: ServiceSettings) {
    await load.call(this);
    read.resolve(undefined);
    await goOn.promise;
  });
  const opening = services.open();
  await read.promise;
  // It hears of the edit after the services' own watch has.
  const unwatchEdit = watchFolder(path.join(home, "services"), () => edited.resolve(undefined));
  fs.writeFileSync(path.join(home, "services", "words.yaml"), "greeting: hello\n");
  await edited.promise;
  goOn.resolve(undefined);
  await opening;
  await vi.waitFor(() => expect(services.settingsOf("words")).toEqual({ greeting: "hello" }), { timeout: 60_000 });
  unwatchEdit();
  unwatch();
}, 120_000);

it("a command waits until all services are known, and finds each then", async () => {
  await services.install(folder("1.0.0"));
  end();
  await begin();
  const signatures = { back: () => Promise.resolve() };
  const dispatcher = Dispatcher.of(
    { service: serviceContract },
    { service: serviceHandlers({ services, signatures }) },
    { checksOutputs: true },
  );
  const asked = (["list", "info", "stop", "log"] as const).map((verb) =>
    dispatcher.dispatch(cliCaller(), `service.${verb}`, verb === "list" ? {} : { name: "words" }),
  );
  await services.open();
  const view = expect.objectContaining({ name: "words", state: "absent" }) as unknown;
  expect(await Promise.all(asked)).toEqual([
    { ok: true, value: [view] },
    { ok: true, value: view },
    { ok: true, value: view },
    { ok: true, value: [] },
  ]);
});

it("what a program says is no other configuration", async () => {
  const events: string[] = [];
  for (const name of ["changed", "configured"] as const) services.on(name, () => events.push(name));
  await services.install(folder("1.0.0"));
  expect(events).toContain("configured");
  events.length = 0;
  // As at each of its messages.
  services.unit("words").emit("changed");
  expect(events).toEqual(["changed"]);
  await services.install(folder("1.1.0"));
  expect(events).toContain("configured");
  // What was there has another unit.
  const before = services.unit("words");
  events.length = 0;
  vi.spyOn(catalog, "install").mockRejectedValue(new Error("the disk is full"));
  await expect(services.install(folder("1.2.0"))).rejects.toThrow("the disk is full");
  expect([services.unit("words") === before, events.includes("configured")]).toEqual([false, true]);
});

it("one that is wanted is wanted all the while that another version takes its place", async () => {
  await services.install(folder("1.0.0"));
  void services
    .unit("words")
    .start()
    .catch(() => undefined);
  await vi.waitFor(() => expect(isWantedLater()).toBe(true));
  const install = catalog.install.bind(catalog);
  const during: boolean[] = [];
  catalog.install = async (...words) => {
    // It has been stopped.
    expect(services.unit("words").isWanted).toBe(false);
    during.push(isWantedLater());
    return install(...words);
  };
  await services.install(folder("1.1.0"));
  expect(during).toEqual([true]);
  expect(services.unit("words").manifest.version).toBe("1.1.0");
  await services.unit("words").stop();
  await vi.waitFor(() => expect(isWantedLater()).toBe(false));
});

it("of a folder that changes while it is installed what was signed is installed", async () => {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const from = folder("1.0.0");
  await signFolder(from, await catalog.read(from), { key, days: 60, nowMs: Date.now() });
  const install = catalog.install.bind(catalog);
  catalog.install = async (...words) => {
    fs.writeFileSync(path.join(from, "program/run"), "another");
    return install(...words);
  };
  await services.install(from);
  const [{ data } = expect.unreachable("it has no program")] = await catalog.named("words").files();
  expect([Buffer.from(data).toString(), catalog.named("words").origin]).toEqual([
    "1.0.0",
    { index: null, key: publicKeyText(key) },
  ]);
  fs.writeFileSync(path.join(from, "program/run"), "changed");
  await expect(services.install(from)).rejects.toMatchObject({
    code: "service.bad-signature",
    message: expect.stringContaining(`${from} is not what was signed`) as string,
  });
  expect(fs.readdirSync(home).filter((name) => name.startsWith("."))).toEqual([]);
});

it("one that cannot be copied is not installed, with a reason, and nothing of it is left", async () => {
  const from = folder("1.0.0");
  const file = path.join(home, "state");
  fs.writeFileSync(file, "");
  // In a folder that is none, and on a disk that is full.
  vi.spyOn(fsp, "mkdtemp").mockImplementationOnce((prefix) => fsp.mkdtemp(path.join(file, path.basename(prefix))));
  await expect(services.install(from)).rejects.toMatchObject({ code: "file.write-failed" });
  vi.spyOn(fsp, "writeFile").mockRejectedValueOnce(new Error("ENOSPC: no space left on device"));
  await expect(services.install(from)).rejects.toMatchObject({
    code: "file.write-failed",
    message: expect.stringMatching(
      /^\S+1\.0\.0 cannot be copied to \S+: ENOSPC: no space left on device\.$/u,
    ) as string,
  });
  expect(fs.readdirSync(home).filter((name) => name.startsWith("."))).toEqual([]);
  await services.install(from);
});

it("one whose VM for one task runs has that gone before another version of it, and before it is removed", async () => {
  await services.install(folder("1.0.0"));
  const order: string[] = [];
  const without = services.forks.without.bind(services.forks);
  services.forks.without = async (name, change) => {
    order.push("without", services.unit(name).manifest.version);
    return without(name, change);
  };
  await services.install(folder("1.1.0"));
  await services.remove("words");
  expect(order).toEqual(["without", "1.0.0", "without", "1.1.0"]);
});

it("one whose removal fails is still shown beside the others, and removed by another try", async () => {
  await services.install(folder("1.0.0"));
  const unit = services.unit("words");
  const removeSettings = unit.settings.remove.bind(unit.settings);
  unit.settings.remove = () => Promise.reject(new Error("no space"));
  await expect(services.remove("words")).rejects.toThrow("no space");
  expect(await services.views()).toMatchObject([{ name: "words", state: "absent" }]);
  unit.settings.remove = removeSettings;
  await services.remove("words");
  expect([await services.views(), services.units]).toEqual([[], []]);
  expect(application.vms.map((vm) => vm.definition.name)).not.toContain("words");
});

it("one whose other VMs cannot be removed for another version of it is started again as it was", async () => {
  await services.install(folder("1.0.0"));
  const removeAll = services.next.removeAll.bind(services.next);
  services.next.removeAll = () => Promise.reject(new Error("no space"));
  await expect(services.install(folder("1.1.0"))).rejects.toThrow("no space");
  services.next.removeAll = removeAll;
  const unit = services.unit("words");
  expect(unit.manifest.version).toBe("1.0.0");
  void unit.start().catch(() => undefined);
  await vi.waitFor(() => expect(unit.vm.state).toBe("starting"));
});
