/** What the orders for VMs answer, and when: to the page and the command alike. What they do is e2e's. */
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { vmContract } from "#shared/ipc/vm.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import type { Driver, MachineDefinition } from "../hardware/driver.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { LIVENESS } from "../link/contracts/liveness.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, scriptedDriver, type ScriptedLink, ScriptedMachine, serviceEvent } from "./testing/scripted-vm.ts";
import { sendVmEvents, vmHandlers } from "./requests.ts";

let folder: string;
let machine: ScriptedMachine;
let links: ScriptedLink[];
let driver: Driver<MachineDefinition>;
/** Of VMs that are run elsewhere; starts what `driver` starts. */
let external: Driver<MachineDefinition>;
let application: Application;
let page: CheckedPage;
let dispatcher: Dispatcher;
let end: () => void;

beforeEach(async () => {
  machine = new ScriptedMachine();
  driver = scriptedDriver(machine);
  external = {
    ...driver,
    capabilities: { ...driver.capabilities, runsMachine: false },
    start: (definition, signal) => driver.start(definition, signal),
  };
  ({ application, links, folder, end } = await scriptedApplication({ driver, external }));
  await application.open();
  page = new CheckedPage();
  const vm = vmHandlers({ application, page });
  dispatcher = Dispatcher.of({ vm: vmContract }, { vm }, { checksOutputs: true });
});
afterEach(() => {
  vi.useRealTimers();
  end();
});

const order = { vm: "home", waitS: null };
const call = (name: string, input: unknown): Promise<unknown> => called(dispatcher, cliCaller(), name, input);
const info = () => call("vm.info", { vm: "home" });

async function running(): Promise<void> {
  await call("vm.start", order);
  links.at(-1)?.says(HELLO);
  expect(await info()).toMatchObject({ state: "running" });
}

describe("an order", () => {
  it.each(["stop", "kill", "pause", "resume"] as const)(
    "to %s a VM that does not run fails, waited for or not",
    async (verb) => {
      for (const waitS of [null, 60])
        await expect(call(`vm.${verb}`, { vm: "home", waitS })).rejects.toMatchObject({
          code: "vm.not-running",
        });
    },
  );

  it("to stop is answered when it has begun", async () => {
    await running();
    expect(await call("vm.stop", order)).toMatchObject({ state: "stopping" });
    machine.emit("ended", { reason: "powered-off" });
    expect(await info()).toMatchObject({ state: "stopped", stateReason: "powered-off" });
  });

  it.each(["start", "stop", "kill", "pause", "resume"] as const)(
    "to %s is waited for no longer than was said",
    async (verb) => {
      const never = (): Promise<never> => new Promise(() => undefined);
      if (verb === "start") driver.start = never;
      else {
        await running();
        machine.answers.kill = never;
        machine.answers.pause = never;
        machine.answers.resume = never;
      }
      vi.useFakeTimers();
      const answered = call(`vm.${verb}`, { vm: "home", waitS: 3 }).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await answered).toMatchObject({ code: "vm.timeout" });
    },
  );

  it("that is waited for says why the VM is not as it should be", async () => {
    vi.useFakeTimers();
    await running();
    links.at(-1)?.says(serviceEvent(LIVENESS, { isResponsive: false }));
    machine.pauseCause = "asked";
    const answered = call("vm.resume", { vm: "home", waitS: 3 }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await answered).toMatchObject({
      message: 'VM "home" is still unresponsive after 3 s, not running: The agent does not answer.',
    });
    machine.emit("ended", { reason: "machine-exited", detail: "Bus error" });
    await expect(call("vm.pause", { vm: "home", waitS: 3 })).rejects.toMatchObject({ code: "vm.not-running" });
    driver.start = () => Promise.reject(new AppError("hardware.machine-failed", "It did not start."));
    await expect(call("vm.start", { vm: "home", waitS: 3 })).rejects.toMatchObject({
      code: "hardware.machine-failed",
    });
  });
});

it("an agent that ended is lost, by the contract", async () => {
  await running();
  machine.emit("agentPresent", false);
  expect(application.vm("home").status.stateReason).toBe("agent-exited");
  expect(await info()).toMatchObject({ state: "unresponsive", stateReason: "agent-lost" });
});

describe("an external VM", () => {
  const params = { name: "guest", label: "rose", machine: { driver: "external" } };

  it("is attached to when it is created, and a start of it is only waited for", async () => {
    expect(await call("vm.create", params)).toMatchObject({ state: "starting" });
    const { open } = machine.channels;
    const channels = { control: open("control"), frames: open("frames"), bulk: open("bulk") };
    expect(links.at(-1)?.heard).toContainEqual(expect.objectContaining({ type: "open", channels }));
    expect(await call("vm.start", { vm: "guest", waitS: null })).toMatchObject({ state: "starting" });
    links.at(-1)?.says({ type: "closed", reason: "agent-lost", detail: "nobody listens" });
    expect(await call("vm.start", { vm: "guest", waitS: null })).toMatchObject({ state: "unresponsive" });
  });

  it("is there also when it cannot be attached to", async () => {
    driver.start = () => Promise.reject(new AppError("internal", "No."));
    expect(await call("vm.create", params)).toMatchObject({ name: "guest", state: "stopped" });
  });
});

it("a new VM is refused what its driver does not know, by whatever command it was asked for", async () => {
  const asked = { name: "guest", label: "rose", machine: { channels: { control: "/c" } } };
  await expect(call("vm.create", asked)).rejects.toMatchObject({
    code: "usage.bad-argument",
    details: { option: "channels" },
  });
  await expect(info()).resolves.toMatchObject({ name: "home" });
  await expect(call("vm.info", { vm: "guest" })).rejects.toMatchObject({ code: "vm.not-found" });
});

describe("a change", () => {
  it("of label and role counts at once, of the policy too, and is in the file", async () => {
    await running();
    const vm = { name: "home", label: "coral", role: "vault" };
    expect(await call("vm.set", { vm: "home", label: "coral", role: "vault" })).toMatchObject({
      vm,
      fromNextStart: [],
    });
    expect(application.parties.find(({ name }) => name === "home")).toMatchObject(vm);
    expect(fs.readFileSync(path.join(folder, "vms", "home.yaml"), "utf8")).toContain("role: vault");
  });

  it("of what the VM's driver does not know is refused", async () => {
    await expect(call("vm.set", { vm: "home", memory: 1024 })).rejects.toMatchObject({ code: "vm.unsupported" });
    await expect(call("vm.set", { vm: "none", role: "work" })).rejects.toMatchObject({ code: "vm.not-found" });
  });

  it("is what a new VM begins with", async () => {
    const machine = { driver: "scripted" };
    expect(await call("vm.create", { name: "keys", label: "rose", role: "vault", machine })).toMatchObject({
      role: "vault",
    });
    expect(await call("vm.create", { name: "mail", label: "rose", machine })).toMatchObject({ role: "app" });
  });
});

describe("the page", () => {
  it("gives the same orders, by id", async () => {
    const { id } = application.vm("home");
    expect(await called(dispatcher, PAGE_CALLER, "vm.start", { vm: id })).toMatchObject({ id, state: "starting" });
    links.at(-1)?.says(HELLO);
    expect(await called(dispatcher, PAGE_CALLER, "vm.pause", { vm: id })).toMatchObject({ state: "running" });
    expect(machine.orders).toEqual(["pause"]);
  });

  it("is notified of each change once a turn, and of nothing that is not declared", async () => {
    sendVmEvents({ application, page });
    await running();
    await vi.waitFor(() => expect(page.events.at(-1)?.payload).toMatchObject([{ name: "home", state: "running" }]));
    expect(page.events.every(({ name }) => name === "vm.changed")).toBe(true);
    const before = page.events.length;
    for (let change = 0; change < 5; change += 1) application.emit("changed");
    await new Promise(setImmediate);
    expect(page.events).toHaveLength(before + 1);
  });
});

describe("a kill that is to be confirmed", () => {
  const confirmed = (): Promise<unknown> =>
    called(dispatcher, PAGE_CALLER, "vm.kill", { vm: application.vm("home").id, confirm: true });

  it("is asked about, and done when the person says yes", async () => {
    await running();
    const killed = confirmed();
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    expect(page.asked).toEqual([{ id: 1, name: "vm.kill", payload: { vm: application.vm("home").id } }]);
    expect(machine.orders).toEqual([]);
    page.answered(1, true);
    expect(await killed).toMatchObject({ state: "stopped", stateReason: "killed" });
  });

  it("is not done when they say no", async () => {
    await running();
    const killed = confirmed();
    page.answered(1, false);
    expect(await killed).toMatchObject({ state: "running" });
    expect(machine.orders).toEqual([]);
  });

  it("is asked about again by a page that was reloaded meanwhile", async () => {
    await running();
    const killed = confirmed();
    page.gone();
    page.come();
    await vi.waitFor(() => expect(page.asked).toHaveLength(2));
    page.answered(2, true);
    expect(await killed).toMatchObject({ state: "stopped" });
  });

  it("is taken back when the VM has ended by itself", async () => {
    await running();
    const killed = confirmed();
    machine.emit("ended", { reason: "powered-off" });
    expect(await killed).toMatchObject({ state: "stopped", stateReason: "powered-off" });
    expect(page.cancelled).toEqual([1]);
    expect(machine.orders).toEqual([]);
  });

  it("the command's is never asked about", async () => {
    await running();
    expect(await call("vm.kill", order)).toMatchObject({ state: "stopped" });
    expect(page.asked).toEqual([]);
  });
});

describe("a VM that is made at the desktop", () => {
  const made = { name: "work", label: "blue", role: "work" };
  const ofPage = (machine: object) => called(dispatcher, PAGE_CALLER, "vm.create", { ...made, machine });

  it("is of the default driver, and names no sockets of this computer", async () => {
    for (const machine of [{ driver: "external" }, { channels: { control: "/run/x" } }, { service: "dns" }])
      await expect(ofPage(machine)).rejects.toMatchObject({ code: "usage.bad-argument" });
    expect(application.vms.map(({ definition }) => definition.name)).not.toContain("work");
    expect(await ofPage({})).toMatchObject({ name: "work", label: "blue", role: "work", state: "stopped" });
  });

  it("is removed there, once it is off", async () => {
    await running();
    const remove = () => called(dispatcher, PAGE_CALLER, "vm.remove", { vm: "home", waitS: null });
    await expect(remove()).rejects.toMatchObject({ code: "vm.busy" });
    machine.emit("ended", { reason: "powered-off" });
    await remove();
    await expect(info()).rejects.toMatchObject({ code: "vm.not-found" });
  });
});
