/** What is asked of a guest by a VM's service clients, and how it ends. The answers of real guests are e2e's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { APPS } from "../link/contracts/apps.ts";
import { LAUNCHES } from "../link/contracts/launches.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import { launch, listApps, waitForWindow } from "./launcher.ts";
import { launches } from "./services/launches.ts";
import {
  HELLO,
  ordersOf,
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
let vm: Vm;

beforeEach(async () => {
  vi.useFakeTimers();
  machine = new ScriptedMachine();
  links = [];
  vm = new Vm(scriptedDefinition("test", "rose"), { ...scriptedContext(links), driver: scriptedDriver(machine) });
  await vm.start();
  links[0]?.says(HELLO);
});
afterEach(() => void vi.useRealTimers());

const id = (surface: number): SurfaceId => surface as SurfaceId;

function opens(surface: number, launched: number | null = null): void {
  const window = { surface: id(surface), launch: launched } as GuestWindow;
  links[0]?.says(serviceEvent(SURFACES, { type: "windowOpened", window }));
}

function draws(surface: number): void {
  links[0]?.says(serviceEvent(SURFACES, { type: "firstFrame", surface: id(surface) }));
}

describe("a question", () => {
  it("has the answer to its own number", async () => {
    const [first, second] = [launch(vm, { argv: ["foot"] }), launch(vm, { appId: "xterm", files: ["/a"] })];
    expect(links[0]?.heard).toContainEqual(
      serviceOrder(LAUNCHES, { request: 2, appId: "xterm", argv: [], files: ["/a"] }),
    );
    links[0]?.says(serviceEvent(LAUNCHES, { type: "launched", request: 2, pid: 22 }));
    links[0]?.says(serviceEvent(LAUNCHES, { type: "launched", request: 1, pid: 11 }));
    expect([await first, await second]).toEqual([
      { pid: 11, request: 1 },
      { pid: 22, request: 2 },
    ]);
    const listed = listApps(vm);
    const app = { id: "pdf", name: "PDF", mimeTypes: ["application/pdf"], categories: [], hidden: true };
    links[0]?.says(serviceEvent(APPS, { request: 1, apps: [app] }));
    expect(await listed).toEqual([{ vm: "test", ...app }]);
  });

  it("for a list is asked once, however many want it while it is on its way", async () => {
    const lists = [listApps(vm), listApps(vm), listApps(vm)];
    expect(ordersOf(links[0], APPS)).toEqual([{ request: 1 }]);
    links[0]?.says(serviceEvent(APPS, { request: 1, apps: [] }));
    expect(await Promise.all(lists)).toEqual([[], [], []]);
    void listApps(vm).catch(() => undefined);
    expect(ordersOf(links[0], APPS)).toEqual([{ request: 1 }, { request: 2 }]);
  });

  it.each([
    ["not-found", "", "app.not-found"],
    ["not-permitted", "no", "app.launch-failed"],
  ] as const)("that fails with %s rejects", async (code, detail, error) => {
    const launched = launch(vm, { argv: ["foot"] });
    links[0]?.says(serviceEvent(LAUNCHES, { type: "failed", request: 1, code, detail }));
    await expect(launched).rejects.toMatchObject({ code: error });
  });

  it.each<[string, (on: Vm) => Promise<unknown>, "other" | "not-found", string]>([
    ["a program", (on) => launch(on, { argv: ["foot"] }), "other", `"foot" cannot be started in VM "test": it said: “`],
    [
      "a link",
      (on) => on.service(launches).open({ kind: "url", url: "https://a" }, null),
      "other",
      `It cannot be opened in VM "test": it said: “`,
    ],
    [
      "a type",
      (on) => on.service(launches).open({ kind: "url", url: "https://a" }, null),
      "not-found",
      `VM "test" has no program that opens "`,
    ],
  ])("%s that fails quotes what the guest says of it", async (_what, asks, code, words) => {
    const asked = asks(vm);
    links[0]?.says(serviceEvent(LAUNCHES, { type: "failed", request: 1, code, detail: "“Shut down”" }));
    await expect(asked).rejects.toThrow(`${words}'Shut down'`);
  });

  it("that nobody answers is given up, and a late answer hurts nobody", async () => {
    const listed = listApps(vm).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await listed).toMatchObject({ code: "vm.timeout" });
    expect(ordersOf(links[0], APPS)).toEqual([{ request: 1 }, { request: 1, isGivenUp: true }]);
    const launched = launch(vm, { argv: ["foot"] }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await launched).toMatchObject({ code: "vm.timeout" });
    expect(ordersOf(links[0], LAUNCHES).at(-1)).toEqual({ request: 1, isGivenUp: true });
    links[0]?.says(serviceEvent(APPS, { request: 1, apps: [] }));
  });

  it.each([
    ["a list of applications", () => listApps(vm)],
    ["a launch", () => launch(vm, { argv: ["foot"] })],
    ["a window", () => waitForWindow(vm, 60_000).found(1)],
  ])("for %s is lost with the VM, and is refused without one", async (_what, ask) => {
    const asked = ask();
    machine.emit("ended", { reason: "machine-exited", detail: "" });
    await expect(asked).rejects.toMatchObject({ code: "vm.not-running" });
    if (_what !== "a window") await expect(ask()).rejects.toMatchObject({ code: "vm.not-running" });
  });
});

describe("the window of a launch", () => {
  it("is the one that names it, although another comes up before it", async () => {
    const waiting = waitForWindow(vm, 60_000);
    opens(1);
    opens(2, 7);
    const found = waiting.found(7);
    draws(1);
    draws(2);
    expect(await found).toMatch(/\.2$/);
  });

  it("is else the next new one that names none", async () => {
    opens(1);
    draws(1);
    const found = waitForWindow(vm, 60_000).found(7);
    opens(2, 6);
    draws(2);
    opens(3);
    draws(3);
    expect(await found).toMatch(/\.3$/);
  });

  it("is one of a program that runs already where that is looked for, and no other one names it", async () => {
    opens(1, 5);
    const waiting = waitForWindow(vm, 60_000, { fromRunning: true });
    const other = waitForWindow(vm, 1_000)
      .found(7)
      .catch((error: unknown) => error);
    const found = waiting.found(7);
    // Of another launch, at the same time.
    opens(2, 6);
    draws(2);
    opens(3, 5);
    draws(3);
    expect(await found).toMatch(/\.3$/);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await other).toMatchObject({ code: "app.no-window" });
  });

  it("does not come any more where the program has ended badly, and of that one is told at once", async () => {
    const end = (request: number, code: number, signal: number): void =>
      links[0]?.says(serviceEvent(LAUNCHES, { type: "ended", request, end: { code, signal } }));
    const found = waitForWindow(vm, 60_000)
      .found(7)
      .catch((error: unknown) => error);
    // Another one's end is no reason.
    end(6, 1, 0);
    end(7, 0, 11);
    expect(await found).toMatchObject({
      code: "app.launch-failed",
      message: 'The program ended by signal 11 in VM "test" before it had a window.',
    });
    // It was quicker than who waits.
    end(8, 3, 0);
    await expect(waitForWindow(vm, 60_000).found(8)).rejects.toThrow("ended with exit code 3");
    // What it had is there.
    const waiting = waitForWindow(vm, 60_000);
    opens(1, 9);
    draws(1);
    end(9, 0, 9);
    expect(await waiting.found(9)).toMatch(/\.1$/);
    // Of many the newest are remembered, and none of a session that is over.
    for (let request = 10; request < 80; request += 1) end(request, 1, 0);
    expect([8, 15, 16, 79].map((request) => vm.service(launches).endOf(request) !== null)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    machine.emit("ended", { reason: "machine-exited", detail: "" });
    expect(vm.service(launches).endOf(79)).toBeNull();
  });

  it("is there when the page shows it, not when it has drawn", async () => {
    vm.windows.shown(new Set());
    const found = waitForWindow(vm, 60_000).found(7);
    let isFound = false;
    void found.then(() => (isFound = true));
    opens(1, 7);
    draws(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isFound).toBe(false);
    vm.windows.shown(new Set([id(1)]));
    expect(await found).toMatch(/\.1$/);
  });

  it("of an agent that begins anew is not one that the page showed before", async () => {
    vm.windows.shown(new Set([id(1)]));
    links[0]?.says(HELLO);
    const found = waitForWindow(vm, 1_000)
      .found(7)
      .catch((error: unknown) => error);
    opens(1, 7);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await found).toMatchObject({ code: "app.no-window" });
  });
});
