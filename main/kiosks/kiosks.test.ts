/** What is kept ready of kiosks, and what whoever asks for one gets, with machines and agents scripted by the test. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { type Kiosk, type KioskSettings, VIEWERS } from "#shared/model/kiosk.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { Application } from "../application.ts";
import { DisposableSource } from "../disposables/disposable-source.ts";
import { Disposables } from "../disposables/disposables.ts";
import { Leftovers } from "../disposables/leftovers.ts";
import { SnapshotMaker } from "../disposables/snapshot-maker.ts";
import type { Driver, MachineDefinition } from "../hardware/driver.ts";
import { type ExecOrder, EXECS } from "../link/contracts/execs.ts";
import { FRAMES_AHEAD } from "../link/contracts/frames.ts";
import { LAUNCHES, type LaunchOrder, type OpenHereOrder } from "../link/contracts/launches.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  deferred,
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { type KioskTemplate, Kiosks } from "./kiosks.ts";

const terminal: Kiosk = {
  name: "terminal",
  title: "Terminal",
  kind: "terminal",
  template: "small",
  program: ["foot"],
  handsOver: false,
  network: "none",
  for: "",
  note: "",
};

let folder: string;
let settings: KioskSettings;
let templates: Map<string, KioskTemplate>;
let built: string[];
let cannotBuild: AppError | null;
let free: number | null;
/** Of each machine that was started, in order. */
let started: { machine: ScriptedMachine; definition: MachineDefinition }[];
let removed: string[];
let links: ScriptedLink[];
let driver: Driver<MachineDefinition>;
let application: Application;
let disposables: Disposables;
let snapshots: SnapshotMaker;
let kiosks: Kiosks;
/** What the guests' /proc/stat says, each time it is read; null: they have none. */
let stat: (() => string) | null;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  settings = { memoryMiB: 512, own: [terminal] };
  templates = new Map([["small", { isBuilt: true, memoryMiB: 512 }]]);
  [built, started, removed, links, free, cannotBuild] = [[], [], [], answeringLinks(), null, null];
  stat = statOf({ busy: 0 });
  driver = {
    ...scriptedDriver(new ScriptedMachine()),
    define: (options) => ({ template: (options as { template?: string }).template }),
    start: (definition) => {
      const machine = new ScriptedMachine();
      machine.answers.pause = () => Promise.resolve(machine.emit("paused", "asked"));
      machine.answers.resume = () => Promise.resolve(machine.emit("resumed"));
      started.push({ machine, definition });
      return Promise.resolve(machine);
    },
    remove: ({ name }) => Promise.resolve(void removed.push(name)),
  };
  const drivers = scriptedDrivers(driver);
  const registry = new VmRegistry(folder, [scriptedType()]);
  const source = new DisposableSource();
  application = new Application({ ...scriptedContext(links), registry, sources: [source], files: () => [], drivers });
  fs.mkdirSync(path.join(folder, "vms"));
  await application.open();
  const leftovers = new Leftovers(folder, drivers);
  snapshots = new SnapshotMaker({ application, drivers, leftovers });
  const freeMemoryMiB = (): Promise<number | null> => Promise.resolve(free);
  disposables = new Disposables({ application, drivers, source, leftovers, snapshots, freeMemoryMiB });
  kiosks = new Kiosks({
    application,
    drivers,
    leftovers,
    disposables,
    snapshots,
    settings: () => settings,
    templates: () => Promise.resolve(templates),
    buildTemplate: (name) => {
      built.push(name);
      if (cannotBuild !== null) return Promise.reject(cannotBuild);
      templates.set(name, { isBuilt: true, memoryMiB: 512 });
      return Promise.resolve();
    },
    freeMemoryMiB,
  });
});

afterEach(async () => {
  await closed();
  application.release();
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true });
});

const closed = (): Promise<unknown> => Promise.all([kiosks.close(), disposables.close(), snapshots.close()]);
const names = (): string[] => application.vms.map(({ definition }) => definition.name);
const notes = (): string[] => {
  const where = path.join(folder, "disposables");
  return fs.existsSync(where) ? fs.readdirSync(where) : [];
};
const stateOf = async (name = "terminal"): Promise<string | undefined> =>
  (await kiosks.views()).find((kiosk) => kiosk.name === name)?.state;
/** Time goes on until it is true, and files are written meanwhile. */
async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  for (let times = 0; times < 4_000; times += 1) {
    if (await look()) return;
    await vi.advanceTimersByTimeAsync(50);
    await delay(1);
  }
  expect.unreachable("it has not come true");
}
const becomes = (state: string, name?: string): Promise<void> => until(async () => (await stateOf(name)) === state);
const detail = async (name = "terminal"): Promise<string | undefined> =>
  (await kiosks.views()).find((kiosk) => kiosk.name === name)?.detail;

/** Links whose agents say hello, and open a window for each program that they are to start. */
function answeringLinks(): ScriptedLink[] {
  const made: ScriptedLink[] = [];
  made.push = (...more) => {
    for (const link of more) answer(link);
    return Array.prototype.push.apply(made, more);
  };
  return made;
}

function answer(link: ScriptedLink): void {
  let surface = 0;
  link.heard.push = (...messages) => {
    for (const message of messages) {
      if (message.type === "open") queueMicrotask(() => link.says(HELLO));
      if (message.type === "order" && message.service === EXECS.name) {
        const order = message.order as ExecOrder;
        if (order.type !== "start") continue;
        const { exec, argv } = order;
        const closed = surface as SurfaceId;
        queueMicrotask(() => {
          if (argv[0] === "cat") return sayStat(link, exec);
          if (argv[0] === "kill") link.says(serviceEvent(SURFACES, { type: "surfaceClosed", surface: closed }));
          link.says(serviceEvent(EXECS, { type: "exited", exec, code: 0, signal: 0 }));
        });
      }
      if (message.type !== "order" || message.service !== LAUNCHES.name) continue;
      if (!("argv" in (message.order as object) || "open" in (message.order as object))) continue;
      const { request } = message.order as LaunchOrder | OpenHereOrder;
      surface += 1;
      const window = { surface: surface as SurfaceId, title: "", appId: "", kind: "wayland", launch: request };
      queueMicrotask(() => {
        link.says(serviceEvent(LAUNCHES, { type: "launched", request, pid: 70 + window.surface }));
        link.says(serviceEvent(SURFACES, { type: "windowOpened", window: window as GuestWindow }));
        link.says(serviceEvent(SURFACES, { type: "firstFrame", surface: window.surface }));
      });
    }
    return Array.prototype.push.apply(link.heard, messages);
  };
}

/** A processor that has been busy for so much of each second; it has always read the clock before. */
function statOf({ busy }: { busy: number }): () => string {
  let seconds = 0;
  return () => {
    seconds += 1;
    return `cpu \ncpu0 ${seconds * busy} 0 0 ${seconds * (100 - busy)} 0 0 0 0 0 0\nintr 1\n`;
  };
}

function sayStat(link: ScriptedLink, exec: number): void {
  if (stat === null) return link.says(serviceEvent(EXECS, { type: "failed", exec, code: "not-found", detail: "" }));
  const [stdin, stdout, stderr] = [exec * 3, exec * 3 + 1, exec * 3 + 2];
  link.says(serviceEvent(EXECS, { type: "streams", exec, streams: { stdin, stdout, stderr } }));
  link.says(serviceEvent(STREAMS, { type: "data", stream: stdout, bytes: Buffer.from(stat()) }));
  link.says(serviceEvent(EXECS, { type: "exited", exec, code: 0, signal: 0 }));
}

const launched = (link: ScriptedLink | undefined): unknown[] =>
  ordersOf(link, LAUNCHES).flatMap((order) => ("argv" in order ? [order.argv] : []));
/** The machine goes on only after `go`. `isKnown`: its VM keeps the number of its link. */
function holdingResume({ machine, definition: { id } }: (typeof started)[0]): {
  isKnown: () => boolean;
  go: () => void;
} {
  const resumed = deferred<void>();
  machine.answers.resume = () => resumed.promise.then(() => machine.emit("resumed"));
  const isKnown = (): boolean => [...kiosks.vmIds, ...application.vms.map((vm) => vm.id)].includes(id);
  return { isKnown, go: () => resumed.resolve() };
}
/** Names of the files that were opened there. */
const opened = (link: ScriptedLink | undefined): string[] =>
  ordersOf(link, LAUNCHES).flatMap((order) =>
    "open" in order && order.open.kind === "file" ? [path.basename(Buffer.from(order.open.path).toString())] : [],
  );
const commands = (link: ScriptedLink | undefined): string[][] =>
  ordersOf(link, EXECS).flatMap((order) => (order.type === "start" ? [order.argv] : []));

describe("a kiosk that is kept ready", () => {
  it("has booted for itself, has drawn its window, is paused, and is of no list", async () => {
    kiosks.open();
    await becomes("ready");
    expect(started).toHaveLength(1);
    expect(started[0]?.definition).toMatchObject({ name: "terminal-1", isThrowaway: true, bootsAlone: true });
    expect(started[0]?.machine.orders).toEqual(["pause"]);
    expect(ordersOf(links[0], FRAMES_AHEAD)).toEqual([{ isDrawnAhead: true }]);
    expect(launched(links[0])).toEqual([["foot"]]);
    expect(names()).toEqual([]);
    expect(notes()).toHaveLength(1);
  });

  it("is used once: whoever asks next gets another one", async () => {
    kiosks.open();
    await becomes("ready");
    expect(await kiosks.start("terminal", [])).toMatchObject({ name: "terminal-1", origin: "ready" });
    expect(started[0]?.machine.orders).toEqual(["pause", "resume"]);
    // Its window may take focus, however long ago the program was started.
    const [launch, ...more] = ordersOf(links[0], LAUNCHES);
    expect(more).toEqual([{ request: launch?.request, isAskedNow: true }]);
    expect(application.vm("terminal-1").status).toMatchObject({ role: "disposable", state: "running" });
    await becomes("ready");
    expect(await kiosks.start("terminal", [])).toMatchObject({ name: "terminal-2", origin: "ready" });
    expect(started.map(({ machine }) => machine.orders)).toEqual([
      ["pause", "resume"],
      ["pause", "resume"],
    ]);
    expect(new Set(started.map(({ definition }) => definition.id)).size).toBe(2);
  });

  it("is known all the time that it is handed out, and until nothing is left of it", async () => {
    kiosks.open();
    await becomes("ready");
    const [first = expect.unreachable()] = started;
    const { isKnown, go } = holdingResume(first);
    const taken = kiosks.start("terminal", []);
    await until(() => first.machine.orders.includes("resume"));
    expect([names(), isKnown()]).toEqual([[], true]);
    go();
    const { name } = await taken;
    expect([application.vm(name).id, kiosks.vmIds]).toEqual([first.definition.id, []]);
    await disposables.end(application.vm(name).id);
    expect(isKnown()).toBe(false);

    await becomes("ready");
    const [, second = expect.unreachable()] = started;
    const useless = holdingResume(second);
    second.machine.answers.resume = () => Promise.reject(new Error("it hangs"));
    driver.remove = ({ name: gone }) => Promise.resolve(void removed.push(`${gone} ${useless.isKnown()}`));
    expect(await kiosks.start("terminal", [])).toMatchObject({ origin: "cold" });
    expect(removed).toEqual(["terminal-1", "terminal-2 true"]);
    expect(useless.isKnown()).toBe(false);
  });

  it("is not replaced while the one that was asked for is busy with what it opens, but when it has ended", async () => {
    kiosks.open();
    await becomes("ready");
    stat = statOf({ busy: 60 });
    const first = await kiosks.start("terminal", []);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started).toHaveLength(1);
    stat = statOf({ busy: 0 });
    await becomes("ready");
    stat = statOf({ busy: 60 });
    await kiosks.start("terminal", []);
    await disposables.end(application.vm(first.name).id);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started).toHaveLength(2);
    await disposables.end(application.vm("terminal-2").id);
    await until(() => started.length === 3);
  });

  it("of two that ask at once one gets it, and the other one of its own", async () => {
    kiosks.open();
    await becomes("ready");
    const both = await Promise.all([kiosks.start("terminal", []), kiosks.start("terminal", [])]);
    expect(both.map(({ origin }) => origin).sort()).toEqual(["cold", "ready"]);
    expect(new Set(both.map(({ name }) => name)).size).toBe(2);
  });

  it("is gone with its last window, as every disposable", async () => {
    kiosks.open();
    await becomes("ready");
    await kiosks.start("terminal", []);
    links[0]?.says(serviceEvent(SURFACES, { type: "surfaceClosed", surface: 1 as SurfaceId }));
    await until(() => names().length === 0);
    expect(removed).toEqual(["terminal-1"]);
  });

  it("opens what it is given in another process, which takes the place of the one that waited", async () => {
    kiosks.open();
    await becomes("ready");
    const { windowId } = await kiosks.start("terminal", ["-e", "top"]);
    expect(launched(links[0])).toEqual([["foot"], ["sh", "-c", 'kill "$0"; exec "$@"', "71", "foot", "-e", "top"]]);
    expect(windowId).toMatch(/\.2$/);
  });

  it("hands what it is given over to the process that runs, where its program does so", async () => {
    settings = { ...settings, own: [{ ...terminal, handsOver: true }] };
    kiosks.open();
    await becomes("ready");
    const { windowId } = await kiosks.start("terminal", ["https://example.com"]);
    expect(launched(links[0])).toEqual([["foot"], ["foot", "https://example.com"]]);
    expect(windowId).toMatch(/\.1$/);
  });

  it("waits until its program draws no more", async () => {
    kiosks.open();
    await until(() => launched(links[0]).length === 1);
    for (let times = 0; times < 5; times += 1) {
      await vi.advanceTimersByTimeAsync(1_500);
      links[0]?.says(serviceEvent(FRAMES_AHEAD, { type: "drew" }));
    }
    expect(started[0]?.machine.orders).toEqual([]);
    await becomes("ready");
    expect(started[0]?.machine.orders).toEqual(["pause"]);
  });

  it("waits until its guest has nothing to do, however still its window is", async () => {
    stat = statOf({ busy: 60 });
    kiosks.open();
    await until(() => launched(links[0]).length === 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started[0]?.machine.orders).toEqual([]);
    stat = statOf({ busy: 10 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started[0]?.machine.orders).toEqual(["pause"]);
  });

  it.each([
    ["is never idle", statOf({ busy: 60 })],
    ["says nothing of its processors", () => ""],
    ["cannot say it", null],
  ])("is paused at last where its guest %s", async (_what, says) => {
    stat = says;
    kiosks.open();
    await until(() => launched(links[0]).length === 1);
    await vi.advanceTimersByTimeAsync(290_000);
    expect(started[0]?.machine.orders).toEqual([]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(started[0]?.machine.orders).toEqual(["pause"]);
  });
});

describe("what goes wrong with what is kept ready", () => {
  it("one that cannot be made is in nobody's way, says why, and is tried again later", async () => {
    const { start } = driver;
    driver.start = (definition, signal) =>
      definition.bootsAlone === true ? Promise.reject(new Error("no room for it")) : start(definition, signal);
    kiosks.open();
    await until(async () => (await detail()) === "no room for it");
    expect(await kiosks.start("terminal", ["-x"])).toMatchObject({ origin: "cold" });
    expect(launched(links.at(-1))).toEqual([["foot", "-x"]]);
    driver.start = start;
    await vi.advanceTimersByTimeAsync(120_000);
    await becomes("ready");
  });

  it("one that has ended while it waited is given to nobody, and is replaced", async () => {
    kiosks.open();
    await becomes("ready");
    started[0]?.machine.emit("ended", { reason: "machine-exited", detail: "" });
    expect(await kiosks.start("terminal", [])).toMatchObject({ origin: "cold" });
    await until(() => removed.includes("terminal-1"));
    await becomes("ready");
    await until(() => notes().length === 2);
  });

  it("one that does not go on is ended, and another one is started", async () => {
    kiosks.open();
    await becomes("ready");
    const { machine } = started[0] ?? expect.unreachable();
    machine.answers.resume = () => Promise.reject(new Error("it hangs"));
    expect(await kiosks.start("terminal", [])).toMatchObject({ origin: "cold" });
    expect(machine.orders).toEqual(["pause", "resume", "kill"]);
    expect(removed).toEqual(["terminal-1"]);
  });

  it("none is made where memory is short", async () => {
    free = 600;
    kiosks.open();
    await until(async () => /too little memory/.test((await detail()) ?? ""));
    expect(started).toEqual([]);
    expect(notes()).toEqual([]);
  });

  it("whoever waits for a cold one comes first: one that is being made is given up, and begun anew", async () => {
    driver.start = ((start) => (definition: MachineDefinition, signal?: AbortSignal) =>
      definition.name === "terminal-1"
        ? new Promise<ScriptedMachine>((_resolve, reject) =>
            signal?.addEventListener("abort", () => reject(new Error("given up"))),
          )
        : start(definition, signal))(driver.start);
    kiosks.open();
    await becomes("starting");
    await until(() => notes().length === 1);
    expect(await kiosks.start("terminal", [])).toMatchObject({ name: "terminal-2", origin: "cold" });
    await becomes("ready");
    expect(removed).toContain("terminal-1");
  });
});

describe("how many are kept", () => {
  it("none without memory for it, and those that there are go when the settings change", async () => {
    kiosks.open();
    await becomes("ready");
    settings = { ...settings, memoryMiB: 511 };
    kiosks.look();
    await becomes("cold");
    await until(() => notes().length === 0);
    expect(removed).toEqual(["terminal-1"]);
    expect(await detail()).toMatch(/no room/);
  });

  it("one that was made for a VM of another label is not used, and the next one has the label that counts", async () => {
    settings = { ...settings, own: [{ ...terminal, for: "home" }] };
    kiosks.open();
    await becomes("ready");
    await application.create("home", { label: "palm" }, {});
    const { name, origin } = await kiosks.start("terminal", []);
    expect(origin).toBe("cold");
    const home = application.vm("home").id;
    expect(application.vm(name).status).toMatchObject({ label: "palm", forVm: home });
    expect(removed).toContain("terminal-1");
    await becomes("ready");
    expect(await kiosks.start("terminal", [])).toMatchObject({ origin: "ready" });
  });

  it("another build of its template is another VM", async () => {
    kiosks.open();
    await becomes("ready");
    kiosks.templateBuilt("other");
    expect(await stateOf()).toBe("ready");
    kiosks.templateBuilt("small");
    await until(() => removed.length === 1);
    await becomes("ready");
    expect(started.map(({ definition }) => definition.name)).toEqual(["terminal-1", "terminal-2"]);
  });

  it("the templates of those that there is room for are built in the background, one after the other", async () => {
    const another = { ...terminal, name: "editor", template: "other" };
    settings = { memoryMiB: 1_024, own: [terminal, another, { ...terminal, name: "large", template: "large" }] };
    for (const name of ["small", "other"]) templates.set(name, { isBuilt: false, memoryMiB: 512 });
    templates.set("large", { isBuilt: false, memoryMiB: 512 });
    kiosks.open();
    await until(async () => (await stateOf()) === "ready" && (await stateOf("editor")) === "ready");
    expect(built).toEqual(["small", "other"]);
    expect(await stateOf("large")).toBe("not-built");
  });

  it("a template that cannot be built is not tried again by itself, and none is where none is kept", async () => {
    templates.set("small", { isBuilt: false, memoryMiB: 512 });
    settings = { memoryMiB: 0, own: [terminal] };
    cannotBuild = new AppError("template.build-failed", "no network");
    kiosks.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(built).toEqual([]);
    settings = { memoryMiB: 512, own: [terminal] };
    kiosks.look();
    await until(() => built.length > 0);
    kiosks.look();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(built).toEqual(["small"]);
    // Who asks for it has it tried.
    await expect(kiosks.start("terminal", [])).rejects.toThrow("no network");
  });

  it("none is left when the application ends, and none is made any more", async () => {
    kiosks.open();
    await becomes("ready");
    await closed();
    expect(removed).toEqual(["terminal-1"]);
    expect(notes()).toEqual([]);
    kiosks.look();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(started).toHaveLength(1);
  });
});

it("a kiosk whose template is not built has it built when it is asked for", async () => {
  templates.set("small", { isBuilt: false, memoryMiB: 512 });
  settings = { memoryMiB: 0, own: [terminal] };
  kiosks.open();
  await becomes("not-built");
  expect(await kiosks.start("terminal", [])).toMatchObject({ origin: "cold" });
  expect(built).toEqual(["small"]);
  settings = { memoryMiB: 512, own: [terminal] };
  kiosks.look();
  await becomes("ready");
});

it("there are those of the catalogue, and a person's own in their place or beside them", async () => {
  settings = { memoryMiB: 0, own: [terminal, { ...terminal, name: "player", title: "Mine" }] };
  expect((await kiosks.views()).map(({ name, title }) => [name, title])).toEqual([
    ["browser", "Browser"],
    ["player", "Mine"],
    ["remote", "Remote desktop"],
    ["terminal", "Terminal"],
    [VIEWERS, "Viewers"],
  ]);
  for (const name of ["nothing", VIEWERS])
    await expect(kiosks.start(name, [])).rejects.toMatchObject({ code: "kiosk.not-found" });
});

describe("a VM that waits for a file", () => {
  beforeEach(() => {
    settings = { memoryMiB: 512, own: [] };
    templates = new Map([[DEFAULT_TEMPLATE, { isBuilt: true, memoryMiB: 512 }]]);
  });

  it("has run the viewers on files of its own, has ended them, is paused, and is of no list", async () => {
    kiosks.open();
    await becomes("ready", VIEWERS);
    expect(opened(links[0])).toEqual(["page.pdf", "pixel.png", "text.txt"]);
    expect(commands(links[0]).filter(([program]) => program === "kill")).toEqual([
      ["kill", "71"],
      ["kill", "72"],
      ["kill", "73"],
    ]);
    expect(started[0]?.machine.orders).toEqual(["pause"]);
    // It is a fork of the template's snapshot: no viewer makes keys.
    expect(started[0]?.definition.bootsAlone).toBeUndefined();
    expect(names()).toEqual([]);
    expect(notes()).toHaveLength(1);
  });

  it("is used once, by whoever opens a file, and another one is made in its place", async () => {
    kiosks.open();
    await becomes("ready", VIEWERS);
    const { vmId } = await kiosks.startForFile({ isToOpen: true });
    expect(vmId).toBe(started[0]?.definition.id);
    expect(started[0]?.machine.orders).toEqual(["pause", "resume"]);
    expect(application.vm(vmId).status).toMatchObject({ name: "viewers-1", role: "disposable", state: "running" });
    // While its window is waited for none is made.
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started).toHaveLength(1);
    const window = { surface: 9 as SurfaceId, title: "", appId: "", kind: "wayland", launch: null } as GuestWindow;
    links[0]?.says(serviceEvent(SURFACES, { type: "windowOpened", window }));
    await becomes("ready", VIEWERS);
    expect((await kiosks.startForFile({ isToOpen: true })).vmId).toBe(started[1]?.definition.id);
    expect(started.map(({ definition }) => definition.name)).toEqual(["viewers-1", "viewers-2"]);
    await disposables.end(vmId);
    expect(removed).toEqual(["viewers-1"]);
  });

  it("is known all the time that it is handed out", async () => {
    kiosks.open();
    await becomes("ready", VIEWERS);
    const [first = expect.unreachable()] = started;
    const { isKnown, go } = holdingResume(first);
    const taken = kiosks.startForFile({ isToOpen: true });
    await until(() => first.machine.orders.includes("resume"));
    expect([names(), isKnown()]).toEqual([[], true]);
    go();
    expect([(await taken).vmId, kiosks.vmIds]).toEqual([first.definition.id, []]);
  });

  it("has the label and the caller of the VM that the file is of", async () => {
    await application.create("home", { label: "palm" }, {});
    const home = application.vm("home").id;
    kiosks.open();
    await becomes("ready", VIEWERS);
    const { vmId } = await kiosks.startForFile({ forVm: home, network: "none", isToOpen: true });
    expect(vmId).toBe(started[0]?.definition.id);
    expect(application.vm(vmId).status).toMatchObject({ label: "palm", forVm: home });
    // Its definition comes from the source of disposables from now on.
    await application.create("other", { label: "coral" }, {});
    expect(application.vm(vmId).status).toMatchObject({ name: "viewers-1", label: "palm", forVm: home });
  });

  it("is in nobody's way: one of another machine, or one where it does not go on, is started anew", async () => {
    kiosks.open();
    await becomes("ready", VIEWERS);
    const other = await kiosks.startForFile({ template: "other", isToOpen: true });
    expect(application.vm(other.vmId).definition.name).toBe("disp-1");
    await disposables.end(other.vmId);
    const { machine } = started[0] ?? expect.unreachable();
    machine.answers.resume = () => Promise.reject(new Error("it hangs"));
    const anew = await kiosks.startForFile({ isToOpen: true });
    expect(application.vm(anew.vmId).definition.name).toBe("disp-2");
    expect(removed).toContain("viewers-1");
  });

  it("a file that opens while none is ready does not wait for it, and one that cannot be made is tried again later", async () => {
    const { start } = driver;
    driver.start = (definition, signal) =>
      definition.name.startsWith(VIEWERS) ? Promise.reject(new Error("no room for it")) : start(definition, signal);
    kiosks.open();
    await until(async () => (await detail(VIEWERS)) === "no room for it");
    const { vmId } = await kiosks.startForFile({ isToOpen: true });
    expect(application.vm(vmId).definition.name).toBe("disp-1");
    await disposables.end(vmId);
    driver.start = start;
    await vi.advanceTimersByTimeAsync(120_000);
    await becomes("ready", VIEWERS);
  });

  it("one that is being made gives way to a file, and a kiosk that is being made does not", async () => {
    settings = { memoryMiB: 1_024, own: [terminal] };
    const { start } = driver;
    let hangs = (name: string): boolean => name.startsWith(VIEWERS);
    driver.start = (definition, signal) =>
      hangs(definition.name)
        ? new Promise<ScriptedMachine>((_resolve, reject) =>
            signal?.addEventListener("abort", () => reject(new Error("given up"))),
          )
        : start(definition, signal);
    kiosks.open();
    await becomes("starting", VIEWERS);
    await until(() => notes().length === 1);
    hangs = (name) => name.startsWith("terminal");
    const first = await kiosks.startForFile({ isToOpen: true });
    await until(() => removed.includes("viewers-1"));
    await disposables.end(first.vmId);
    await becomes("ready", VIEWERS);
    templates.set("small", { isBuilt: true, memoryMiB: 512 });
    kiosks.look();
    await becomes("starting");
    await until(() => notes().length === 2);
    const taken = await kiosks.startForFile({ isToOpen: true });
    const second = await kiosks.startForFile({ isToOpen: true });
    expect([taken, second].map(({ vmId }) => application.vm(vmId).definition.name)).toEqual(["viewers-2", "disp-2"]);
    // The file's own VM goes, and nothing else does.
    await disposables.end(second.vmId);
    await until(() => removed.includes("disp-2"));
    expect(removed).not.toContain("terminal-1");
    expect(await stateOf()).toBe("starting");
  });

  it("a viewer that opens no window leaves nothing of its VM behind", async () => {
    links.push = Array.prototype.push;
    kiosks.open();
    await until(() => links.length === 1);
    links[0]?.says(HELLO);
    await until(async () => /./.test((await detail(VIEWERS)) ?? ""));
    expect(removed).toEqual(["viewers-1"]);
    expect(notes()).toEqual([]);
  });

  it("another build of its template is another VM, and none waits without memory for it", async () => {
    kiosks.open();
    await becomes("ready", VIEWERS);
    kiosks.templateBuilt(DEFAULT_TEMPLATE);
    await until(() => removed.length === 1);
    await becomes("ready", VIEWERS);
    settings = { memoryMiB: 511, own: [] };
    kiosks.look();
    await becomes("cold", VIEWERS);
    expect(await detail(VIEWERS)).toMatch(/no room/);
    await until(() => notes().length === 0);
  });
});
