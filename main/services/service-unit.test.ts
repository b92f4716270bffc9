import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MachineOrigin } from "#shared/model/vm.ts";
import type { FromProgram } from "#shared/model/service-messages.ts";
import type { PauseCause } from "../hardware/driver.ts";
import { PROGRAM, type ProgramEvent } from "../link/contracts/program.ts";
import {
  deferred,
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { Vm } from "../vms/vm.ts";
import { readManifest, type ServiceManifest } from "./manifest.ts";
import { ServiceSettings } from "./service-settings.ts";
import { ServiceUnit } from "./service-unit.ts";
import { WORDS } from "./testing/words-manifest.ts";

const MANIFEST = `${WORDS}settings: { longest: { type: number, title: Longest, default: 10 } }
tables: [counted]
events: [found]
health: { withinS: 60 }
startsFresh: true
`;

let folder: string;
let machines: ScriptedMachine[];
let links: ScriptedLink[];
let build: () => Promise<void>;
let startFailure: Error | null;
/** What a start waits for; null: it takes no time. */
let coming: Promise<ScriptedMachine> | null;
/** That an earlier run of the application left. */
let found: ScriptedMachine | null | Promise<null>;
/** What each next machine goes on from. */
let origin: MachineOrigin;
/** What the unit has asked for, in order. */
let asked: string[];
let unit: ServiceUnit;
let vm: Vm;
let newVm: () => Vm;
let unitOf: (vm: Vm) => ServiceUnit;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  [machines, links, startFailure, coming] = [[], [], null, null];
  found = null;
  [origin, asked] = ["cold", []];
  build = () => Promise.resolve();
  const read = readManifest(MANIFEST, "service.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  const manifest: ServiceManifest = read.value;
  const driver = {
    ...scriptedDriver(new ScriptedMachine()),
    adopt: () => Promise.resolve(found),
    start: () => {
      if (startFailure !== null) return Promise.reject(startFailure);
      if (coming !== null) return coming;
      const machine = new ScriptedMachine();
      machine.origin = origin;
      asked.push(`start ${origin}`);
      machines.push(machine);
      return Promise.resolve(machine);
    },
  };
  newVm = () => new Vm(scriptedDefinition("words"), { ...scriptedContext(links), driver });
  const settings = new ServiceSettings(
    { own: folder, lastGood: path.join(folder, "last-good") },
    "words",
    manifest.settings,
  );
  unitOf = (of) =>
    new ServiceUnit({
      ...{ manifest, vm: of, settings, build: () => build() },
      booted: () => void asked.push("prepare"),
      spoiled: () => Promise.resolve(void asked.push("unprepare")),
    });
  vm = newVm();
  unit = unitOf(vm);
});

afterEach(() => {
  unit.close();
  vm.release();
  fs.rmSync(folder, { recursive: true });
  vi.useRealTimers();
});

function happens(event: ProgramEvent): void {
  links.at(-1)?.says(serviceEvent(PROGRAM, event));
}

function says(message: FromProgram): void {
  happens({ type: "message", message });
}

/** The VM's machine executes, its agent says hello, and its program connects. */
async function boots(): Promise<void> {
  await vi.waitFor(() => expect(vm.state).toBe("starting"));
  machines.at(-1)?.emit("agentPresent", true);
  links.at(-1)?.says({ type: "opened" });
  links.at(-1)?.says(HELLO);
  happens({ type: "connected" });
}

async function started(): Promise<void> {
  const start = unit.start();
  await boots();
  says({ type: "health", state: "ok", detail: "" });
  await start;
}

function state(): unknown[] {
  return [unit.state, unit.health];
}

function logged(): string[] {
  return unit.log.lines.map(({ text }) => text);
}

describe("to start it", () => {
  it("builds its image, starts its VM, and waits until its program is healthy", async () => {
    const order: string[] = [];
    build = async () => void order.push(unit.stateDetail);
    const start = unit.start().then(() => order.push("healthy"));
    await boots();
    expect([order, ...state()]).toEqual([["its image is built"], "starting", "starting"]);
    says({ type: "health", state: "ok", detail: "" });
    await start;
    expect([order.at(-1), ...state()]).toEqual(["healthy", "running", "ok"]);
  });

  it("fails for good where its image cannot be built", async () => {
    build = () => Promise.reject(new Error("no such package"));
    await expect(unit.start()).rejects.toThrow("no such package");
    expect([...state(), unit.stateDetail]).toEqual(["failed", null, "no such package"]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(machines).toEqual([]);
  });

  it("tries again, after growing delays, where its VM cannot be started", async () => {
    startFailure = new Error("no memory");
    await expect(unit.start()).rejects.toThrow("no memory");
    expect([unit.state, unit.stateDetail]).toEqual([
      "failed",
      "its VM could not be started: no memory; it is started again",
    ]);
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000);
    expect(
      logged()
        .filter((text) => /no memory/.test(text))
        .map((text) => /in (\d+) s/.exec(text)?.[1]),
    ).toEqual([...["1", "2", "4", "8"]]);
    startFailure = null;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(vm.state).toBe("starting");
  });

  it("starts its VM anew where it has not been healthy in time", async () => {
    const start = unit.start();
    const failure = start.catch((error: unknown) => error);
    await boots();
    says({ type: "health", state: "failing", detail: "no\u0007rules" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await failure).toMatchObject({ code: "service.not-healthy" });
    expect([unit.state, unit.stateDetail]).toEqual([
      "failed",
      "its program has not been healthy for 60 s (it said: “norules”); it is started again",
    ]);
    expect(machines[0]?.orders).toEqual(["kill"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machines).toHaveLength(2);
  });
});

describe("a start", () => {
  it("that ends before its program is well is begun again, however it ended", async () => {
    const failures = [unit.start().catch((error: unknown) => error)];
    await vi.waitFor(() => expect(vm.state).toBe("starting"));
    machines[0]?.emit("ended", { reason: "powered-off" });
    expect([unit.state, unit.stateDetail]).toEqual(["failed", "its VM has ended; it is started again"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machines).toHaveLength(2);
    await Promise.all(failures);
  });

  it("that a panic ends quotes what the guest said", async () => {
    const start = unit.start().catch((error: unknown) => error);
    await vi.waitFor(() => expect(vm.state).toBe("starting"));
    machines[0]?.emit("ended", { reason: "guest-panic", detail: "“Shut down”" });
    expect(unit.stateDetail).toBe("its VM has ended (it said: “'Shut down'”); it is started again");
    await unit.stop();
    await start;
  });

  it("counts at once, before it is known whether its VM runs", async () => {
    const start = started();
    expect([unit.state, unit.isWanted]).toEqual(["starting", true]);
    await start;
    expect(machines).toHaveLength(1);
  });

  it("that waits until it is known whether its VM runs is over with a stop", async () => {
    const searched = deferred<null>();
    found = searched.promise;
    void vm.adopt();
    const failure = unit.start().catch((error: unknown) => error);
    const stopped = unit.stop();
    searched.resolve(null);
    await stopped;
    await vi.advanceTimersByTimeAsync(0);
    expect([unit.state, vm.state, machines]).toEqual(["stopped", "stopped", []]);
    expect(await failure).toMatchObject({ code: "service.not-healthy" });
    await started();
    expect(state()).toEqual(["running", "ok"]);
  });

  it("waits for the end of a VM that takes its time to be killed, and is no person's order then", async () => {
    await started();
    let killed = (): void => undefined;
    const [first] = machines;
    if (first === undefined) throw new Error("no machine");
    const isKilled = new Promise<void>((resolve) => (killed = resolve));
    first.answers.kill = () => isKilled;
    says({ type: "health", state: "failing", detail: "" });
    await vi.advanceTimersByTimeAsync(60_000 + 1_000);
    expect([first.orders, machines.length, unit.state]).toEqual([["kill"], 1, "starting"]);
    first.emit("ended", { reason: "killed" });
    killed();
    await vi.waitFor(() => expect(machines).toHaveLength(2));
    expect(unit.state).toBe("starting");
  });

  it("whose VM takes longer than its program may is waited for, and is no person's order", async () => {
    let give: (machine: ScriptedMachine) => void = () => undefined;
    coming = new Promise((resolve) => (give = resolve));
    const failure = unit.start().catch((error: unknown) => error);
    await vi.waitFor(() => expect(vm.state).toBe("starting"));
    await vi.advanceTimersByTimeAsync(61_000);
    expect(unit.state).toBe("starting");
    coming = null;
    const machine = new ScriptedMachine();
    machines.push(machine);
    give(machine);
    await vi.advanceTimersByTimeAsync(59_000);
    expect([unit.state, machine.orders]).toEqual(["starting", []]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([unit.state, unit.isWanted, machine.orders]).toEqual(["failed", true, ["kill"]]);
    expect(await failure).toMatchObject({ code: "service.not-healthy" });
  });

  it.each(["stop", "close"] as const)("that waits for the end of its VM is over with a %s", async (verb) => {
    await started();
    let killed = (): void => undefined;
    const [first] = machines;
    if (first === undefined) throw new Error("no machine");
    first.answers.kill = () => new Promise<void>((resolve) => (killed = resolve));
    says({ type: "health", state: "failing", detail: "" });
    await vi.advanceTimersByTimeAsync(60_000 + 1_000);
    const over = verb === "stop" ? unit.stop() : unit.close();
    first.emit("ended", { reason: "killed" });
    killed();
    await over;
    await vi.advanceTimersByTimeAsync(600_000);
    expect([machines.length, vm.isOn]).toEqual([1, false]);
  });

  it("that a person cancels is not begun again", async () => {
    let give: (machine: ScriptedMachine) => void = () => undefined;
    coming = new Promise((resolve) => (give = resolve));
    const failure = unit.start().catch((error: unknown) => error);
    await vi.waitFor(() => expect(vm.state).toBe("starting"));
    const killed = vm.kill();
    give(new ScriptedMachine());
    await killed;
    expect(await failure).toMatchObject({ code: "vm.start-cancelled" });
    await vi.advanceTimersByTimeAsync(600_000);
    expect([unit.state, machines.length]).toEqual(["stopped", 0]);
  });
});

describe("the memory that it goes on from", () => {
  it("is made once it has booted and is well", async () => {
    const start = unit.start();
    await boots();
    expect(asked).toEqual(["start cold"]);
    says({ type: "health", state: "ok", detail: "" });
    await start;
    origin = "fork";
    machines[0]?.emit("ended", { reason: "machine-exited", detail: "" });
    await vi.advanceTimersByTimeAsync(1_000);
    await boots();
    says({ type: "health", state: "ok", detail: "" });
    expect(asked).toEqual(["start cold", "prepare", "start fork"]);
  });

  it.each([
    ["is not well in time", () => vi.advanceTimersByTimeAsync(60_000)],
    ["ends", () => Promise.resolve(machines[0]?.emit("ended", { reason: "guest-panic", detail: "" }))],
  ])("is removed where the first program on it %s, so that the next start boots", async (_what, fails) => {
    origin = "fork";
    const start = unit.start().catch(() => undefined);
    await boots();
    await fails();
    await start;
    origin = "cold";
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.waitFor(() => expect(asked).toEqual(["start fork", "unprepare", "start cold"]));
  });

  it("stays where its program was well, and ends later", async () => {
    origin = "fork";
    await started();
    machines[0]?.emit("ended", { reason: "guest-panic", detail: "" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual(["start fork", "start fork"]);
  });
});

it("is up for as long as its VM, also where the application has found it running", async () => {
  expect(unit.uptimeS).toBeNull();
  await started();
  const machine = machines[0];
  if (machine !== undefined) machine.startedAtMs = Date.now() - 3_600_000;
  expect(unit.uptimeS).toBe(3_600);
});

it("hears the program of a VM that was left running, and whose agent has said hello before it is made", async () => {
  unit.close();
  const left = new ScriptedMachine();
  found = left;
  vm = newVm();
  await vm.adopt();
  links[0]?.says({ type: "opened" });
  links[0]?.says(HELLO);
  unit = unitOf(vm);
  expect(ordersOf(links[0], PROGRAM)).toEqual([{ type: "listen" }]);
  happens({ type: "connected" });
  says({ type: "health", state: "ok", detail: "" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([...state(), left.orders]).toEqual(["running", "ok", []]);
});

describe("a VM that an earlier run of the application has left paused", () => {
  const left = async (pauseCause: PauseCause): Promise<ScriptedMachine> => {
    const machine = new ScriptedMachine();
    machine.pauseCause = pauseCause;
    found = machine;
    await vm.adopt();
    expect([vm.state, unit.state]).toEqual(["paused", "starting"]);
    return machine;
  };

  it("is started anew where it is needed, and never goes on", async () => {
    const machine = await left("asked");
    await started();
    expect([machine.orders, machines.length, unit.isHealthy]).toEqual([["kill"], 1, true]);
    expect(vm.state).toBe("running");
  });

  it("is left as it is where its disk could not be written", async () => {
    const machine = await left("no-space");
    await expect(unit.start()).rejects.toThrow("resume it");
    expect([machine.orders, machines.length]).toEqual([[], 0]);
  });
});

describe("what its manifest has not asked for", () => {
  it.each(["serves", "network-rules", "scanned-files"] as const)("%s is told to nobody", async (right) => {
    await started();
    const before = ordersOf(links.at(-1), PROGRAM).length;
    const program = unit.by(right);
    expect(() => program.tell({ state: { secret: 1 } })).toThrow(`does not ask for the right "${right}"`);
    await expect(program.job({ secret: 1 }, new AbortController().signal)).rejects.toMatchObject({
      code: "service.right-not-asked",
    });
    expect(ordersOf(links.at(-1), PROGRAM)).toHaveLength(before);
    expect([...unit.usedRights]).toEqual([]);
  });

  it("is told where it is asked for, which is remembered", async () => {
    await started();
    unit.manifest.rights.host.push("network-rules");
    expect(unit.by("network-rules").tell({ state: { links: [] } })).toBeGreaterThan(0);
    expect([...unit.usedRights]).toEqual(["network-rules"]);
    expect(ordersOf(links.at(-1), PROGRAM).at(-1)).toMatchObject({ message: { state: { links: [] } } });
  });
});

describe("one that runs", () => {
  it("is started again when its VM ends by itself, and not when a person ends it", async () => {
    await started();
    machines[0]?.emit("ended", { reason: "machine-exited", detail: "" });
    expect(state()).toEqual(["failed", "starting"]);
    await vi.advanceTimersByTimeAsync(1_000);
    await boots();
    says({ type: "health", state: "ok", detail: "" });
    expect(state()).toEqual(["running", "ok"]);
    await vm.kill();
    expect(state()).toEqual(["stopped", null]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(machines).toHaveLength(2);
  });

  it("is started at once where it was well for a while, and after a delay where it ends soon again", async () => {
    await started();
    await vi.advanceTimersByTimeAsync(10_000);
    machines[0]?.emit("ended", { reason: "machine-exited", detail: "" });
    await vi.advanceTimersByTimeAsync(0);
    await boots();
    says({ type: "health", state: "ok", detail: "" });
    expect(machines).toHaveLength(2);
    machines[1]?.emit("ended", { reason: "machine-exited", detail: "" });
    await vi.advanceTimersByTimeAsync(999);
    expect(machines).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(machines).toHaveLength(3);
  });

  it("whose program has ended is failing until another one is healthy", async () => {
    await started();
    happens({ type: "gone" });
    expect(state()).toEqual(["running", "failing"]);
    happens({ type: "connected" });
    expect(unit.health).toBe("starting");
    says({ type: "health", state: "ok", detail: "" });
    expect(state()).toEqual(["running", "ok"]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(machines).toHaveLength(1);
  });

  it("that is not well for too long has its VM started anew", async () => {
    await started();
    says({ type: "health", state: "failing", detail: "" });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(machines[0]?.orders).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machines[0]?.orders).toEqual(["kill"]);
  });

  it("is stopped by an order, and stays so", async () => {
    await started();
    const stop = unit.stop();
    machines[0]?.emit("ended", { reason: "powered-off" });
    await stop;
    await vi.advanceTimersByTimeAsync(600_000);
    expect([...state(), machines.length]).toEqual(["stopped", null, 1]);
  });

  it("that somebody else has started is taken charge of", async () => {
    void vm.start();
    await boots();
    says({ type: "health", state: "ok", detail: "" });
    expect(state()).toEqual(["running", "ok"]);
    machines[0]?.emit("ended", { reason: "machine-exited", detail: "" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(machines).toHaveLength(2);
  });
});

describe("what its program says", () => {
  it("is kept: status, rows, log; what the manifest does not name is refused", async () => {
    await started();
    says({ type: "status", text: "3 \u001btexts" });
    says({ type: "rows", table: "counted", reset: false, rows: [{ key: "a", cells: { n: 1 } }], removed: [] });
    says({ type: "rows", table: "other", reset: false, rows: [], removed: [] });
    says({ type: "log", level: "warning", text: "hm" });
    const events: unknown[] = [];
    unit.on("event", ({ name }) => events.push(name));
    says({ type: "event", name: "found", data: {} });
    says({ type: "event", name: "other", data: {} });
    happens({ type: "refused", reason: "a line is not JSON" });
    expect([unit.status, unit.tables.rows(), events]).toEqual(["3 texts", { counted: [{ n: 1 }] }, ["found"]]);
    expect(logged().slice(-4)).toEqual([
      'the program: there is no table "other" in its manifest',
      "hm",
      'the program: there is no event "other" in its manifest',
      "the program: a line is not JSON",
    ]);
    happens({ type: "gone" });
    happens({ type: "connected" });
    expect(unit.tables.rows()).toEqual({ counted: [] });
  });
});

describe("its settings", () => {
  it("are told when it connects, and in force when the program says so", async () => {
    await started();
    expect(ordersOf(links[0], PROGRAM).at(-1)).toMatchObject({ message: { settings: { longest: 10 } } });
    await unit.settings.set("words", { longest: 20 });
    let isDone = false;
    const applied = unit.applySettings().then(() => (isDone = true));
    const told = ordersOf(links[0], PROGRAM).at(-1);
    expect(told).toMatchObject({ message: { type: "desired", settings: { longest: 20 } } });
    says({ type: "applied", revision: 1, problems: [] });
    await Promise.resolve();
    expect(isDone).toBe(false);
    says({ type: "applied", revision: 2, problems: [{ where: "longest", reason: "too long" }] });
    await applied;
    expect(logged().at(-1)).toBe("longest: too long");
  });

  it("that the program does not take are said to be saved alone", async () => {
    await started();
    const applied = unit.applySettings().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await applied).toMatchObject({ code: "service.not-healthy" });
  });

  it("wait for no program where there is none", async () => {
    await expect(unit.applySettings()).resolves.toBeUndefined();
  });
});
