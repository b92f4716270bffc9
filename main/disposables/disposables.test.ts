/** How long a disposable lives, and what is left of it, with machines and links scripted by the test. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { VmId, VmNetwork } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { Application } from "../application.ts";
import type { Driver, MachineDefinition } from "../hardware/driver.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { LAUNCHES } from "../link/contracts/launches.ts";
import { SURFACES, type WindowEvent } from "../link/contracts/surfaces.ts";
import { FIRST_WINDOW_MS } from "../vms/launcher.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { DisposableSource } from "./disposable-source.ts";
import { Disposables, LAST_WINDOW_MS, MAX_DISPOSABLES, type StartedDisposable } from "./disposables.ts";
import { Leftovers } from "./leftovers.ts";
import { SnapshotMaker } from "./snapshot-maker.ts";

let folder: string;
let machines: ScriptedMachine[];
let links: ScriptedLink[];
let drivers: Drivers;
let driver: Driver<MachineDefinition>;
let removed: string[];
let prepared: string[];
let application: Application;
let snapshots: SnapshotMaker;
let disposables: Disposables;
let free: number | null;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  [machines, links, removed, prepared, free] = [[], [], [], [], null];
  driver = {
    ...scriptedDriver(new ScriptedMachine()),
    start: () => {
      const machine = new ScriptedMachine();
      machines.push(machine);
      return Promise.resolve(machine);
    },
    prepare: ({ name }) => {
      prepared.push(name);
      return Promise.resolve();
    },
    remove: ({ name }) => {
      removed.push(name);
      return Promise.resolve();
    },
  };
  drivers = scriptedDrivers(driver);
  const registry = new VmRegistry(folder, [scriptedType()]);
  await registry.add({ ...scriptedDefinition("home", "palm") });
  const source = new DisposableSource();
  application = new Application({ ...scriptedContext(links), registry, sources: [source], files: () => [], drivers });
  await application.open();
  const leftovers = new Leftovers(folder, drivers);
  snapshots = new SnapshotMaker({ application, drivers, leftovers });
  disposables = new Disposables({
    application,
    drivers,
    source,
    leftovers,
    snapshots,
    freeMemoryMiB: () => Promise.resolve(free),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await closed();
  application.release();
  fs.rmSync(folder, { recursive: true });
});

const closed = (): Promise<unknown> => Promise.all([disposables.close(), snapshots.close()]);
const names = (): string[] => application.vms.map(({ definition }) => definition.name);
const notes = (): string[] => fs.readdirSync(path.join(folder, "disposables"));

function says(event: WindowEvent): void {
  links.at(-1)?.says(serviceEvent(SURFACES, event));
}

function opens(surface: number, launch: number | null = null): void {
  const window = { surface: surface as SurfaceId, title: "", appId: "", kind: "wayland", launch } as GuestWindow;
  says({ type: "windowOpened", window });
  says({ type: "firstFrame", surface: surface as SurfaceId });
}

function closes(surface: number): void {
  says({ type: "surfaceClosed", surface: surface as SurfaceId });
}

/** Resolves when another link than the first `count` calls an agent. */
async function opened(count: number): Promise<void> {
  await vi.waitFor(() => expect(links[count]?.heard.map(({ type }) => type)).toContain("open"));
}

/** Its agent says hello when there is one to say it. */
async function started(request: Parameters<Disposables["start"]>[0] = {}): Promise<StartedDisposable> {
  const count = links.length;
  const start = disposables.start(request);
  await opened(count);
  links.at(-1)?.says(HELLO);
  return start;
}

describe("a disposable", () => {
  it("is a VM of its own role, and each has another name", async () => {
    expect(await started()).toMatchObject({ name: "disp-1", origin: "cold", launched: null });
    expect(application.vm("disp-1").status).toMatchObject({ role: "disposable", label: "slate", state: "running" });
    await disposables.end(application.vm("disp-1").id);
    expect(await started()).toMatchObject({ name: "disp-2" });
  });

  it("has the label of the VM that it is for", async () => {
    await started({ forVm: application.vm("home").id });
    expect(application.vm("disp-1").status.label).toBe("palm");
  });

  it("has no network unasked, and then no wider one than the VM that it is for, by the same way", async () => {
    const home = application.vm("home").id;
    const defined: object[] = [];
    driver.define = (fields) => {
      // A snapshot's has no network at all.
      if ("network" in (fields as object)) defined.push(fields as object);
      return {};
    };
    let ofHome: { network: VmNetwork; via?: string } = { network: "none" };
    driver.summary = () => ({ template: "debian", ...ofHome });
    const networks = async (network: VmNetwork | undefined, forVm: VmId | undefined): Promise<unknown> => {
      const { vmId } = await started({ network, forVm });
      await disposables.end(vmId);
      const { network: has, via } = defined.at(-1) as { network: VmNetwork; via?: string };
      return [has, via];
    };
    expect(await networks(undefined, home)).toEqual(["none", undefined]);
    expect(await networks("firewall", home)).toEqual(["none", undefined]);
    expect(await networks("firewall", undefined)).toEqual(["firewall", undefined]);
    ofHome = { network: "firewall", via: "vpn" };
    expect(await networks(undefined, home)).toEqual(["none", "vpn"]);
    expect(await networks("firewall", home)).toEqual(["firewall", "vpn"]);
    ofHome = { network: "direct" };
    expect(await networks("firewall", home)).toEqual(["firewall", undefined]);
  });

  it("connects as the VM that it is for, and so does one that it is asked for by a disposable", async () => {
    const home = application.vm("home").id;
    const { vmId: first } = await started({ forVm: home });
    const { vmId: second } = await started({ forVm: first });
    const { vmId: third } = await started();
    const { vmId: fourth } = await started({ forVm: third });
    const parties = new Map(application.parties.map((party) => [party.id, party]));
    const callers = [first, second, third, fourth].map((id) => parties.get(id)?.forVm?.name);
    expect(callers).toEqual(["home", "home", undefined, undefined]);
    await application.remove(home);
    expect(application.parties.find(({ id }) => id === first)?.forVm).toBeNull();
  });

  it("does not outlive the application, unlike other VMs", async () => {
    await started();
    expect(application.lastingVms).toEqual([]);
  });

  it("is answered with the first window of its program, and gone with the last", async () => {
    const count = links.length;
    const start = disposables.start({ program: { argv: ["foot"] } });
    await opened(count);
    links.at(-1)?.says(HELLO);
    await vi.waitFor(() => expect(ordersOf(links.at(-1), LAUNCHES)).toHaveLength(1));
    const { request } = ordersOf(links.at(-1), LAUNCHES)[0] ?? { request: 0 };
    links.at(-1)?.says(serviceEvent(LAUNCHES, { type: "launched", request, pid: 7 }));
    opens(1, request);
    const { vmId, launched } = await start;
    expect(launched).toMatchObject({ pid: 7, launch: request });
    opens(2);
    closes(1);
    expect(names()).toContain("disp-1");
    closes(2);
    await vi.waitFor(() => expect(names()).toEqual(["home"]));
    expect(machines.at(-1)?.orders).toEqual(["kill"]);
    expect(removed).toContain("disp-1");
    await vi.waitFor(() => expect(notes()).toEqual([]));
    await disposables.end(vmId);
  });

  it("stays while one window follows the other", async () => {
    await started();
    vi.useFakeTimers();
    opens(1);
    closes(1);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS - 1);
    opens(2);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 2);
    expect(names()).toContain("disp-1");
  });

  it("stays after its last window while somebody has still to fetch something of it", async () => {
    const { vmId } = await started();
    vi.useFakeTimers();
    const releases = [disposables.hold(vmId), disposables.hold(vmId)];
    opens(1);
    closes(1);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 10);
    releases[0]?.();
    releases[0]?.();
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 10);
    expect(names()).toContain("disp-1");
    releases[1]?.();
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 2);
    expect(names()).toEqual(["home"]);
  });

  it("without a program stays until it had a window", async () => {
    await started();
    vi.useFakeTimers();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(names()).toContain("disp-1");
  });

  it("is gone when its machine ends by itself", async () => {
    await started();
    machines.at(-1)?.emit("ended", { reason: "powered-off" });
    await vi.waitFor(() => expect(names()).toEqual(["home"]));
    expect(removed).toContain("disp-1");
  });

  it("is gone when its program cannot be started", async () => {
    const count = links.length;
    const start = disposables.start({ program: { argv: ["nothing"] } }).catch((error: unknown) => error);
    await opened(count);
    links.at(-1)?.says(HELLO);
    await vi.waitFor(() => expect(ordersOf(links.at(-1), LAUNCHES)).toHaveLength(1));
    const { request } = ordersOf(links.at(-1), LAUNCHES)[0] ?? { request: 0 };
    links.at(-1)?.says(serviceEvent(LAUNCHES, { type: "failed", request, code: "not-found", detail: "" }));
    expect(await start).toMatchObject({ code: "app.not-found" });
    expect(names()).toEqual(["home"]);
    expect(notes()).toEqual([]);
  });

  it("is gone when whoever asked for it has gone", async () => {
    const gone = new AbortController();
    const count = links.length;
    const start = disposables.start({}, { signal: gone.signal }).catch((error: unknown) => error);
    await opened(count);
    gone.abort(new Error("gone"));
    expect(await start).toMatchObject({ message: "gone" });
    expect(names()).toEqual(["home"]);
    expect(removed).toContain("disp-1");
  });

  it("is refused where memory is short, and nothing of it is made", async () => {
    free = 100;
    await expect(disposables.start({})).rejects.toMatchObject({ code: "disposable.no-memory" });
    expect(names()).toEqual(["home"]);
    expect(machines).toEqual([]);
  });

  it("is one of a limited number, also of those that come together", async () => {
    const starts = Array.from({ length: MAX_DISPOSABLES }, () => disposables.start({}).catch(() => undefined));
    await expect(disposables.start({})).rejects.toMatchObject({ code: "disposable.too-many" });
    await closed();
    await Promise.all(starts);
    expect(names()).toEqual(["home"]);
    expect(notes()).toEqual([]);
    expect(machines).toEqual([]);
  });

  it("ends with the application, and none is made any more", async () => {
    await started();
    await closed();
    expect(names()).toEqual(["home"]);
    await expect(disposables.start({})).rejects.toMatchObject({ code: "vm.start-cancelled" });
  });
});

describe("what disposables begin from", () => {
  it("is made in the background after one had to boot, and nothing else of its making stays", async () => {
    await started();
    await vi.waitFor(() => expect(removed).toEqual(["snapshot"]));
    expect(prepared).toEqual(["snapshot"]);
    await vi.waitFor(() => expect(notes()).toHaveLength(1));
    expect(names()).toEqual(["disp-1", "home"]);
  });

  it("is not made anew for one that went on from it", async () => {
    driver.start = () => {
      const machine = new ScriptedMachine();
      machine.origin = "fork";
      return Promise.resolve(machine);
    };
    expect(await started()).toMatchObject({ origin: "fork" });
    expect(prepared).toEqual([]);
  });

  it("waits until no VM is starting, and is made once for those that ask together", async () => {
    await application.vm("home").start();
    const both = [snapshots.prepare("debian"), snapshots.prepare("debian")];
    expect(prepared).toEqual([]);
    links.at(-1)?.says(HELLO);
    await Promise.all(both);
    expect(prepared).toEqual(["snapshot"]);
  });

  it("waits until the window is there of what somebody opens in one, or that is given up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await started({ isToOpen: true });
    expect(prepared).toEqual([]);
    opens(1);
    await snapshots.prepare("debian");
    expect(prepared).toEqual(["snapshot"]);
    await started({ isToOpen: true });
    const second = snapshots.prepare("debian");
    await vi.advanceTimersByTimeAsync(FIRST_WINDOW_MS);
    await second;
    expect(prepared).toEqual(["snapshot", "snapshot"]);
    const { vmId } = await started({ isToOpen: true });
    const third = snapshots.prepare("debian");
    await disposables.end(vmId);
    await third;
    expect(prepared).toHaveLength(3);
  });

  it("is not asked of a driver that makes none", async () => {
    driver.capabilities.canPrepare = false;
    await snapshots.prepare("debian");
    expect([prepared, removed]).toEqual([[], []]);
  });

  it("that cannot be made changes nothing else, and is tried again", async () => {
    driver.prepare = () => Promise.reject(new Error("no room"));
    await snapshots.prepare("debian");
    driver.prepare = ({ name }) => Promise.resolve(void prepared.push(name));
    await snapshots.prepare("debian");
    expect(prepared).toEqual(["snapshot"]);
    expect(notes()).toEqual([]);
  });

  it("that never comes to be made, or cannot be, holds up nobody who wants a disposable", async () => {
    driver.prepare = (_definition, signal) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(new Error("the application ends"))),
      );
    const hangs = snapshots.prepare("debian");
    await vi.waitFor(() => expect(notes()).toHaveLength(1));
    expect(await started()).toMatchObject({ name: "disp-1", origin: "cold" });
    expect(await started()).toMatchObject({ name: "disp-2", origin: "cold" });
    await closed();
    await hangs;
    expect(notes()).toEqual([]);
  });
});

describe("what a VM that starts fresh begins from", () => {
  it("is made by another VM that is like it, which is noted as long as it is there", async () => {
    const like = { ...scriptedDefinition("firewall"), service: "firewall", startsFresh: true, hasNicSlots: true };
    let made: MachineDefinition | null = null;
    let noted: string[] = [];
    driver.prepare = (definition) => {
      [made, noted] = [definition, notes()];
      return Promise.resolve();
    };
    await snapshots.prepareFor(like);
    expect(made).toMatchObject({ service: "firewall", startsFresh: true, hasNicSlots: true });
    expect(made).not.toMatchObject({ id: like.id });
    expect([noted.length, notes(), removed]).toEqual([1, [], ["snapshot"]]);
  });
});

describe("what an application that was killed left", () => {
  const left = { ...scriptedDefinition("disp-9"), id: "99999999-0000-4000-8000-000000000000" as VmId };

  it("is ended and removed, never adopted", async () => {
    await new Leftovers(folder, drivers).note(left);
    const machine = new ScriptedMachine();
    driver.adopt = () => Promise.resolve(machine);
    const gone: VmId[] = [];
    await new Leftovers(folder, scriptedDrivers(driver), async (id) => void gone.push(id)).clean();
    expect(machine.orders).toEqual(["kill"]);
    // Its number in its network is another VM's, too.
    expect(gone).toEqual([left.id]);
    expect(removed).toEqual(["disp-9"]);
    expect(notes()).toEqual([]);
  });

  it("is tried again by the next run where it cannot be ended", async () => {
    await new Leftovers(folder, drivers).note(left);
    driver.adopt = () => Promise.reject(new Error("out of reach"));
    await new Leftovers(folder, scriptedDrivers(driver)).clean();
    expect(removed).toEqual([]);
    expect(notes()).toHaveLength(1);
  });

  it("is not taken for one of this run", async () => {
    const leftovers = new Leftovers(folder, drivers);
    await leftovers.note(left);
    await leftovers.clean();
    expect(removed).toEqual([]);
  });

  it("may be a note that was cut short", async () => {
    fs.mkdirSync(path.join(folder, "disposables"));
    fs.writeFileSync(path.join(folder, "disposables/x.json"), '{"id": "99');
    await new Leftovers(folder, drivers).clean();
    expect(notes()).toEqual([]);
  });
});
