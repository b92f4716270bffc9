/** A VM's states, by events of a machine and a link scripted by the test. The real ones are e2e's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { LIVENESS } from "../link/contracts/liveness.ts";
import { POWER } from "../link/contracts/power.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import type { Driver, MachineDefinition, MachineEnd, PauseCause } from "../hardware/driver.ts";
import {
  type Deferred,
  deferred,
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
  serviceOrder,
} from "./testing/scripted-vm.ts";
import { Vm } from "./vm.ts";

let machine: ScriptedMachine;
let links: ScriptedLink[];
let driver: Driver<MachineDefinition>;
let vm: Vm;

const link = (): ScriptedLink => links.at(-1) ?? expect.unreachable("no link was made");
/** Code of its error, null when it does not fail. */
const failureOf = (act: Promise<unknown>): Promise<string | null> =>
  act.then(
    () => null,
    (error: unknown) => toErrorValue(error).code,
  );
const state = (): string => `${vm.state} ${vm.status.stateReason}`;

beforeEach(() => {
  vi.useFakeTimers();
  machine = new ScriptedMachine();
  links = [];
  driver = scriptedDriver(machine);
  vm = new Vm(scriptedDefinition("test", "rose"), { ...scriptedContext(links), driver });
});
afterEach(() => void vi.useRealTimers());

async function running(): Promise<void> {
  await vm.start();
  link().says(HELLO);
  expect(state()).toBe("running null");
}

describe("a start", () => {
  it("reports how far it has come", async () => {
    const phases: (string | null)[] = [];
    vm.on("changed", () => phases.push(vm.status.startPhase));
    await vm.start();
    machine.emit("agentPresent", true);
    link().says(HELLO);
    expect(phases).toEqual(["machine", "boot", "agent", null]);
    expect(state()).toBe("running null");
  });

  it.each([
    ["hardware.no-space", "stopped no-space"],
    ["hardware.machine-failed", "crashed machine-exited"],
    ["template.not-built", "stopped null"],
  ] as const)("that fails with %s leaves it %s, with the words", async (code, expected) => {
    driver.start = () => Promise.reject(new AppError(code, "These words."));
    await expect(vm.start()).rejects.toMatchObject({ code });
    expect(state()).toBe(expected);
    expect(vm.status.stateDetail).toBe("These words.");
    expect(vm.isOn).toBe(false);
  });

  it("that makes its link before its machine, and cannot, fails and starts no machine", async () => {
    const start = vi.spyOn(driver, "start");
    const early = { ...scriptedDefinition("disp-1", "rose"), isThrowaway: true };
    const spawnLink = (): never => {
      throw new AppError("desktop.replaced", "Atoll was updated.");
    };
    vm = new Vm(early, { ...scriptedContext(links), driver, spawnLink });
    await expect(vm.start()).rejects.toMatchObject({ code: "desktop.replaced" });
    expect(state()).toBe("stopped null");
    expect(start).not.toHaveBeenCalled();
    // It can be started later.
    await expect(vm.start()).rejects.toMatchObject({ code: "desktop.replaced" });
  });

  it("whose network waits says so for as long as its machine is there", async () => {
    vm.tellNetwork("Its network waits.");
    expect(vm.status.networkDetail).toBe("");
    await vm.start();
    const changed = vi.fn<() => void>();
    vm.on("changed", changed);
    expect(vm.status.networkDetail).toBe("Its network waits.");
    vm.tellNetwork("Its network waits.");
    expect(changed).not.toHaveBeenCalled();
    vm.tellNetwork("");
    expect(changed).toHaveBeenCalledOnce();
    expect(vm.status.networkDetail).toBe("");
  });

  it("that does not come up says why, and may come up late", async () => {
    await vm.start();
    vi.advanceTimersByTime(89_000);
    link().says({ type: "opened" });
    expect(vm.status.startPhase).toBe("agent");
    vi.advanceTimersByTime(1_000);
    expect(state()).toBe("unresponsive agent-lost");
    expect(vm.status.stateDetail).toContain("more memory");
    link().says(HELLO);
    expect(state()).toBe("running null");
  });

  it("has its whole time again after a pause, and none when it came up", async () => {
    await vm.start();
    vi.advanceTimersByTime(60_000);
    machine.emit("paused", "asked");
    vi.advanceTimersByTime(600_000);
    machine.emit("resumed");
    vi.advanceTimersByTime(60_000);
    expect(state()).toBe("starting null");
    link().says(HELLO);
    vi.advanceTimersByTime(600_000);
    expect(state()).toBe("running null");
  });

  it.each(["kill", "stop"] as const)("can be cancelled by %s, which waits until it is over", async (verb) => {
    driver.start = (_id, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    const started = failureOf(vm.start());
    await vm[verb]();
    expect(state()).toBe("stopped killed");
    expect(vm.isOn).toBe(false);
    expect(await started).toBe("vm.start-cancelled");
  });

  it("that is cancelled when the machine executes already leaves no machine", async () => {
    const driven = deferred<ScriptedMachine>();
    driver.start = () => driven.promise;
    const started = failureOf(vm.start());
    const killed = vm.kill();
    driven.resolve(machine);
    await killed;
    expect(machine.orders).toEqual(["kill"]);
    expect(state()).toBe("stopped killed");
    expect(links).toEqual([]);
    expect(await started).toBe("vm.start-cancelled");
  });

  it("that is cancelled, and whose machine does not end, says so to whoever cancelled it", async () => {
    machine.answers.kill = () => Promise.reject(new AppError("hardware.machine-failed", "It does not end."));
    const started = failureOf(vm.start());
    expect(await failureOf(vm.kill())).toBe("hardware.machine-failed");
    expect(vm.isOn).toBe(true);
    expect(await started).toBe("hardware.machine-failed");
  });

  describe("of a throw-away machine", () => {
    let driven: Deferred<ScriptedMachine>;
    beforeEach(() => {
      driven = deferred();
      driver.start = () => driven.promise;
      const definition = { ...scriptedDefinition("test", "rose"), isThrowaway: true };
      vm = new Vm(definition, { ...scriptedContext(links), driver });
    });

    it("brings up its link process meanwhile, and uses that", async () => {
      const started = vm.start();
      expect(links).toHaveLength(1);
      expect(link().heard).toEqual([]);
      driven.resolve(machine);
      await started;
      expect(links).toHaveLength(1);
      expect(link()).toMatchObject({ heard: [{ type: "open" }], isKilled: false });
      link().says(HELLO);
      expect(state()).toBe("running null");
    });

    it("leaves no link process when it fails, or is cancelled", async () => {
      const failed = failureOf(vm.start());
      driven.reject(new Error("no"));
      await failed;
      expect(link().isKilled).toBe(true);
      driven = deferred();
      const cancelled = failureOf(vm.start());
      const killed = vm.kill();
      driven.resolve(machine);
      await Promise.all([cancelled, killed]);
      expect(links.map(({ isKilled }) => isKilled)).toEqual([true, true]);
    });
  });

  it("that is asked for twice is one", async () => {
    const start = vi.spyOn(driver, "start");
    await Promise.all([vm.start(), vm.start()]);
    expect(start).toHaveBeenCalledOnce();
    await expect(vm.start()).rejects.toMatchObject({ code: "vm.already-running" });
  });
});

describe("an adoption", () => {
  let adopted: Deferred<ScriptedMachine | MachineEnd | null>;
  beforeEach(() => {
    adopted = deferred();
    driver.adopt = () => adopted.promise;
  });

  it("is waited for by a start, which then starts nothing", async () => {
    const start = vi.spyOn(driver, "start");
    void vm.adopt();
    const started = vm.start();
    adopted.resolve(machine);
    await started;
    expect(start).not.toHaveBeenCalled();
    expect(state()).toBe("starting null");
  });

  it("that finds nothing lets the start go on", async () => {
    void vm.adopt();
    expect(vm.isOn).toBe(true);
    const started = vm.start();
    adopted.resolve(null);
    await started;
    expect(links).toHaveLength(1);
  });

  it.each(["stop", "kill", "pause", "resume"] as const)("is waited for by %s", async (verb) => {
    void vm.adopt();
    const done = vm[verb]();
    adopted.resolve(machine);
    if (verb === "stop") await vi.advanceTimersByTimeAsync(20_000);
    await done;
    expect(machine.orders.at(-1)).toBe(verb === "stop" ? "kill" : verb);
  });

  it("leaves it in doubt whether the VM runs, until it is over", async () => {
    expect(vm.status.isInDoubt).toBeUndefined();
    const adoption = vm.adopt();
    expect(vm.status).toMatchObject({ state: "stopped", isInDoubt: true });
    const changed = vi.fn<() => void>(() => expect(vm.isOn).toBe(true));
    vm.on("changed", changed);
    adopted.resolve(machine);
    await adoption;
    expect(changed).toHaveBeenCalled();
    expect(vm.status.isInDoubt).toBeUndefined();
    expect(state()).toBe("starting null");
  });

  it("that does not reach the machine says so, and is tried again by what is asked of the VM", async () => {
    const adoption = failureOf(vm.adopt());
    adopted.reject(new AppError("hardware.monitor-failed", "It does not answer."));
    expect(await adoption).toBe("hardware.monitor-failed");
    expect(state()).toBe("unresponsive agent-lost");
    expect(vm.status.stateDetail).toBe("It does not answer.");
    expect(vm.isOn).toBe(true);
    expect(await failureOf(vm.kill())).toBe("hardware.monitor-failed");
    driver.adopt = () => Promise.resolve(machine);
    await vm.kill();
    expect(state()).toBe("stopped killed");
    expect(vm.isOn).toBe(false);
  });
});

describe("an end", () => {
  it.each([
    [{ reason: "powered-off" }, "stopped powered-off"],
    [{ reason: "killed" }, "stopped killed"],
    [{ reason: "guest-panic", detail: "x" }, "crashed guest-panic"],
    [{ reason: "machine-exited", detail: "x" }, "crashed machine-exited"],
  ] as [MachineEnd, string][])("%o is %s", async (end, expected) => {
    await running();
    machine.emit("ended", end);
    expect(state()).toBe(expected);
    expect(link().isKilled).toBe(true);
  });

  it("before it runs is told to those who wait, what a guest said as its own words", async () => {
    const started = vm.start();
    await started;
    const waited = vm.running(new AbortController().signal);
    machine.emit("ended", { reason: "guest-panic", detail: "“Shut down”" });
    await expect(waited).rejects.toThrow(/is crashed \(it said: “'Shut down'”\)/);
  });

  it("is reported once to those who wait for the link", async () => {
    await running();
    const lost = vi.fn<() => void>();
    vm.windows.on("lost", lost);
    machine.emit("ended", { reason: "machine-exited", detail: "" });
    expect(lost).toHaveBeenCalledOnce();
  });

  it("that nobody saw is reported when the application starts again, and nothing is adopted", async () => {
    driver.adopt = () => Promise.resolve({ reason: "machine-exited", detail: "" });
    expect(await vm.adopt()).toBe(false);
    expect(state()).toBe("crashed machine-exited");
  });
});

describe("an agent", () => {
  it("that ends is called again, and its successor's hello is enough", async () => {
    await running();
    machine.emit("agentPresent", false);
    expect(state()).toBe("unresponsive agent-exited");
    expect(link().isKilled).toBe(true);
    vi.runOnlyPendingTimers();
    expect(links).toHaveLength(2);
    link().says(HELLO);
    expect(state()).toBe("running null");
  });

  it("that cannot be made says why, and is made as soon as it can be", async () => {
    const context = scriptedContext(links);
    let words = "";
    const spawnLink: typeof context.spawnLink = (id) => {
      if (words !== "") throw new AppError("desktop.replaced", words);
      return context.spawnLink(id);
    };
    vm = new Vm(scriptedDefinition("test", "rose"), { ...context, driver, spawnLink });
    await running();
    words = "Atoll was updated.";
    link().exits(1);
    vi.advanceTimersByTime(120_000);
    expect(state()).toBe("unresponsive agent-lost");
    expect(vm.status.stateDetail).toBe("Atoll was updated.");
    expect(links).toHaveLength(1);
    words = "";
    vi.advanceTimersByTime(120_000);
    link().says(HELLO);
    expect(state()).toBe("running null");
  });

  it("that is lost again and again is called after a growing delay, and after the VM's next start as at first", async () => {
    await running();
    const waitsMs: number[] = [];
    const lose = (): void => {
      const [before, startMs] = [links.length, performance.now()];
      link().says({ type: "closed", reason: "agent-lost", detail: "nobody listens" });
      while (links.length === before) vi.advanceTimersByTime(100);
      waitsMs.push(performance.now() - startMs);
    };
    for (let n = 0; n < 7; n += 1) lose();
    expect(waitsMs).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    machine.emit("ended", { reason: "powered-off" });
    await running();
    waitsMs.length = 0;
    lose();
    expect(waitsMs).toEqual([500]);
  });

  it("whose link's process ends is called again by another", async () => {
    await running();
    const crashed = link();
    crashed.exits(139);
    expect(state()).toBe("unresponsive agent-lost");
    expect(vm.status.stateDetail).toContain("ended with code 139");
    vi.runOnlyPendingTimers();
    expect(links).toHaveLength(2);
    link().says(HELLO);
    crashed.exits(139);
    expect(state()).toBe("running null");
  });

  it("of which the link that was made ahead has ended is called by another", async () => {
    const { start } = driver;
    driver.start = (...parts) => {
      link().exits(139);
      return start(...parts);
    };
    vm = new Vm({ ...scriptedDefinition("test", "rose"), startsFresh: true }, { ...scriptedContext(links), driver });
    await running();
    expect(links).toHaveLength(2);
  });

  it("that hangs keeps its link, and may come back", async () => {
    await running();
    link().says(serviceEvent(LIVENESS, { isResponsive: false }));
    expect(state()).toBe("unresponsive agent-lost");
    expect(link().isKilled).toBe(false);
    link().says(serviceEvent(LIVENESS, { isResponsive: true }));
    expect(state()).toBe("running null");
  });

  it("that broke the protocol is cut off until the VM's next start, whatever it does", async () => {
    await running();
    link().says({ type: "closed", reason: "protocol-violation", detail: "flood" });
    machine.emit("agentPresent", false);
    machine.emit("agentPresent", true);
    vi.runOnlyPendingTimers();
    expect(state()).toBe("unresponsive protocol-violation");
    expect(links).toHaveLength(1);
    machine.emit("ended", { reason: "powered-off" });
    await running();
  });

  it("is not called any more while its VM stops", async () => {
    await running();
    const stopped = vm.stop();
    machine.emit("agentPresent", false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(links).toHaveLength(1);
    expect(state()).toBe("stopping null");
    machine.emit("ended", { reason: "powered-off" });
    await stopped;
    expect(state()).toBe("stopped powered-off");
  });
});

describe("a pause", () => {
  it.each([
    ["asked", "paused null"],
    ["no-space", "paused no-space"],
    ["disk-error", "paused disk-error"],
  ] as [PauseCause, string][])("by %s is %s, and a hello meanwhile does not end it", async (cause, expected) => {
    await running();
    machine.pauseCause = cause;
    machine.emit("paused", cause);
    expect(state()).toBe(expected);
    expect(link().heard).toContainEqual(serviceOrder(LIVENESS, { isPaused: true }));
    link().says(HELLO);
    expect(state()).toBe(expected);
    machine.pauseCause = null;
    machine.emit("resumed");
    expect(state()).toBe("running null");
  });
});

describe("an orderly stop", () => {
  it("asks the agent, then presses the button, then pulls the plug", async () => {
    await running();
    const stopped = vm.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(link().heard).toContainEqual(serviceOrder(POWER, "powerOff"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(machine.orders).toEqual(["pressPowerButton"]);
    await vi.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(state()).toBe("stopped killed");
  });

  it.each([
    ["a machine that runs", null],
    ["a paused one", "asked"],
  ] as [string, PauseCause | null][])("pulls the plug of %s whose monitor is silent", async (_what, pauseCause) => {
    const silent = (): Promise<void> => Promise.reject(new AppError("hardware.monitor-failed", "No answer."));
    machine.answers.resume = silent;
    machine.answers.pressPowerButton = silent;
    machine.pauseCause = pauseCause;
    await vm.start();
    await vm.stop();
    expect(machine.orders.at(-1)).toBe("kill");
    expect(state()).toBe("stopped killed");
  });

  it("is done when the machine ends in between", async () => {
    await vm.start();
    machine.answers.pressPowerButton = () => {
      setTimeout(() => machine.emit("ended", { reason: "powered-off" }), 1);
      return Promise.reject(new AppError("hardware.monitor-failed", "It ended before it answered."));
    };
    machine.answers.kill = () => Promise.resolve(); // it has nothing left to kill
    const stopped = vm.stop();
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
    expect(state()).toBe("stopped powered-off");
  });
});

it("a window that opens or closes changes what a VM says of itself, a title does not", async () => {
  await running();
  const surface = 1 as SurfaceId;
  const counts: number[] = [];
  vm.on("changed", () => counts.push(vm.status.windows));
  link().says(serviceEvent(SURFACES, { type: "windowOpened", window: { surface } as GuestWindow }));
  link().says(serviceEvent(SURFACES, { type: "windowChanged", surface, change: { title: "new" } }));
  expect(vm.windows.get(surface)?.title).toBe("new");
  link().says(serviceEvent(SURFACES, { type: "surfaceClosed", surface }));
  expect(counts).toEqual([1, 0]);
});
