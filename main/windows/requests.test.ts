/** What the command asks of windows, and what the page says of them; the page itself is the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { layoutContract } from "#shared/ipc/layout.ts";
import { type WmAnswerValue, type WmCommand, windowContract } from "#shared/ipc/window.ts";
import { AppError } from "#shared/model/app-error.ts";
import { type GuestWindow, type SurfaceId, type WindowId, windowIdOf } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import type { Vm } from "../vms/vm.ts";
import type { Desktop, PlacedWindow } from "./desktop.ts";
import type { LastWindows } from "./last-windows.ts";
import type { PlacementsFile } from "./placements-file.ts";
import { layoutHandlers, windowHandlers } from "./requests.ts";
import { WindowCommands } from "./window-commands.ts";

const CONTENT = { x: 10, y: 20, width: 300, height: 200 };
let application: Application;
let links: ScriptedLink[];
let end: () => void;
let dispatcher: Dispatcher;
let vm: Vm;
let id: WindowId;
let layout: PlacedWindow[];
/** What the window manager was told, and what it does with it. */
const command = vi.fn<(command: WmCommand) => Promise<WmAnswerValue>>();
const layoutReported = vi.fn<Desktop["layoutReported"]>();
const keep = vi.fn<PlacementsFile["keep"]>();

beforeEach(async () => {
  ({ application, links, end } = await scriptedApplication());
  await application.open();
  vm = application.vm("home");
  await vm.start();
  says(HELLO);
  opens(3);
  id = windowIdOf(vm.id, 3 as SurfaceId);
  layout = [{ id, content: CONTENT, mode: "maximized", focused: true, frozen: false, popups: [] }];
  command.mockReset().mockResolvedValue(null);
  layoutReported.mockReset();
  keep.mockReset();
  application.desktop = { layout: () => layout, command, layoutReported } as unknown as Desktop;
  const commands = new WindowCommands(new CheckedPage());
  const placements = { keep } as unknown as PlacementsFile;
  const lastWindows = { of: () => [] } as unknown as LastWindows;
  dispatcher = Dispatcher.of(
    { layout: layoutContract, window: windowContract },
    {
      layout: layoutHandlers({ application, placements }),
      window: windowHandlers({ application, commands, lastWindows }),
    },
    { checksOutputs: true },
  );
});
afterEach(() => {
  vi.useRealTimers();
  end();
});

function says(message: Parameters<ScriptedLink["says"]>[0]): void {
  links[0]?.says(message);
}

function opens(surface: number): void {
  const window = { surface, kind: "wayland", launch: null, title: "notes", appId: "mousepad" } as GuestWindow;
  says(serviceEvent(SURFACES, { type: "windowOpened", window }));
}

const ask = (name: string, input: object): Promise<unknown> => called(dispatcher, cliCaller(), name, input);
/** The page shows these. */
function shows(...shown: { id: WindowId; frozen: boolean }[]): void {
  const windows = shown.map((window) => ({
    ...window,
    content: CONTENT,
    mode: "normal" as const,
    focused: false,
    popups: [],
  }));
  dispatcher.report(PAGE_CALLER, "layout.report", { windows });
}

const view = (more: object = {}): object => ({
  ...{ id: "", vm: "home", title: "notes", appId: "mousepad", ...CONTENT, state: "maximized", focused: true },
  ...{ frozen: false, kind: "wayland", popups: [] },
  ...{ id },
  ...more,
});

describe("a window", () => {
  it("is listed with the place that the page has said, or without one", async () => {
    opens(4);
    const other = { id: windowIdOf(vm.id, 4 as SurfaceId), ...{ x: 0, y: 0, width: 0, height: 0 } };
    expect(await ask("window.list", {})).toEqual([view(), view({ ...other, state: "normal", focused: false })]);
  });

  it.each(["focus", "minimize", "maximize", "restore"])("%s is the window manager's to do", async (order) => {
    shows({ id, frozen: false });
    expect(await ask(`window.${order}`, { window: id })).toEqual(view());
    expect(command.mock.calls).toEqual([[{ type: order, window: id }]]);
  });

  it("is moved, and the answer says where it came to be", async () => {
    shows({ id, frozen: false });
    command.mockImplementation(() => {
      layout = layout.map((one) => ({ ...one, content: { ...CONTENT, x: 1, width: 304 }, mode: "normal" }));
      return Promise.resolve({ width: 304, height: 200 });
    });
    const to = { x: 1, y: 20, width: 300, height: null };
    expect(await ask("window.move", { window: id, ...to })).toEqual(view({ x: 1, width: 304, state: "normal" }));
    expect(command.mock.calls).toEqual([[{ type: "move", window: id, ...to }]]);
  });

  it("is waited for where the page does not show it yet", async () => {
    shows();
    const answer = ask("window.focus", { window: id });
    // What does not wait is answered meanwhile.
    await ask("window.list", {});
    expect(command).not.toHaveBeenCalled();
    shows({ id, frozen: false });
    await answer;
    expect(command).toHaveBeenCalledOnce();
  });

  it("that the page does not show in time is the page's to refuse", async () => {
    vi.useFakeTimers();
    shows();
    command.mockRejectedValue(new AppError("window.not-found", "There is no such window."));
    const answer = ask("window.focus", { window: id }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await answer).toMatchObject({ code: "window.not-found" });
  });

  it("that is closed meanwhile has no view to answer with", async () => {
    shows({ id, frozen: false });
    command.mockImplementation(() => {
      says(serviceEvent(SURFACES, { type: "surfaceClosed", surface: 3 as SurfaceId }));
      return Promise.resolve(null);
    });
    await expect(ask("window.focus", { window: id })).rejects.toMatchObject({ code: "window.not-found" });
  });

  it.each(["", "home", "3", "0badc0de.3", "0badc0de.99999999999"])("%j is none", async (window) => {
    for (const order of ["focus", "close", "screenshot"])
      await expect(ask(`window.${order}`, { window })).rejects.toMatchObject({ code: "window.not-found" });
    expect(command).not.toHaveBeenCalled();
  });

  it("is a picture for the command, which only bytes are", async () => {
    shows({ id, frozen: false });
    command.mockResolvedValue(Uint8Array.of(1, 2, 3));
    expect(await ask("window.screenshot", { window: id })).toEqual({ base64: "AQID" });
    command.mockResolvedValue(null);
    await expect(ask("window.screenshot", { window: id })).rejects.toMatchObject({ code: "internal" });
  });
});

describe("to close a window", () => {
  it("asks its program, which may keep it open", async () => {
    shows({ id, frozen: false });
    expect(await ask("window.close", { window: id })).toEqual(view());
    expect(command.mock.calls).toEqual([[{ type: "close", window: id }]]);
    expect(await ask("window.list", {})).toHaveLength(1);
  });

  it("that is frozen takes it away, which nobody else can", async () => {
    shows({ id, frozen: false });
    says({ type: "closed", reason: "protocol-violation", detail: "a flood" });
    expect(await ask("window.close", { window: id })).toEqual(view({ frozen: true }));
    expect(await ask("window.list", {})).toEqual([]);
  });
});

it("a window that the person has dismissed is gone where it is frozen alone", async () => {
  dispatcher.report(PAGE_CALLER, "window.dismissed", { window: id });
  expect(await ask("window.list", {})).toHaveLength(1);
  says({ type: "closed", reason: "protocol-violation", detail: "a flood" });
  dispatcher.report(PAGE_CALLER, "window.dismissed", { window: id });
  expect(await ask("window.list", {})).toEqual([]);
});

it("what the page reports of places and focus is handed on", () => {
  shows({ id, frozen: false });
  expect(layoutReported.mock.calls).toMatchObject([[{ windows: [{ id, content: CONTENT }] }]]);
  expect(vm.windows.isThere(3 as SurfaceId)).toBe(true);
  const placements = { windows: [], apps: [] };
  dispatcher.report(PAGE_CALLER, "placements.report", placements);
  expect(keep.mock.calls).toEqual([[placements]]);
  const focus = { window: id, vm: vm.id, cause: "person" } as const;
  dispatcher.report(PAGE_CALLER, "focus.report", { focus });
  expect(application.focus.current).toMatchObject({ window: id });
  // A window of another VM: refused, with all of it.
  dispatcher.report(PAGE_CALLER, "focus.report", { focus: { ...focus, window: "0badc0de.3" } });
  expect(application.focus.current).toMatchObject({ window: id });
});

it("VMs without windows to open again are in no list, and are refused", async () => {
  expect(await ask("window.last", {})).toEqual([]);
  await expect(ask("window.reopen", { vm: "home" })).rejects.toMatchObject({ code: "window.none-to-reopen" });
});
