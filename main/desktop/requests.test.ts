/** What the page is sent when it loads, and what it and the command ask of the desktop. */
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { desktopContract } from "#shared/ipc/desktop.ts";
import { layoutContract } from "#shared/ipc/layout.ts";
import { problemContract } from "#shared/ipc/problem.ts";
import { promptMarkContract } from "#shared/ipc/prompt-mark.ts";
import { windowContract } from "#shared/ipc/window.ts";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import type { ThemeState } from "#shared/model/theme.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { APPS } from "../link/contracts/apps.ts";
import { LAUNCHES } from "../link/contracts/launches.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import { sendSettingsEvents } from "../settings/events.ts";
import { PromptMarkFile } from "../settings/prompt-mark-file.ts";
import { promptMarkHandlers } from "../settings/requests.ts";
import type { ThemePort } from "../settings/theme.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, ordersOf, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import type { Desktop } from "../windows/desktop.ts";
import { PlacementsFile } from "../windows/placements-file.ts";
import { ChosenFiles } from "../files/chosen-files.ts";
import { LastWindows } from "../windows/last-windows.ts";
import { layoutHandlers, windowHandlers } from "../windows/requests.ts";
import { WindowCommands } from "../windows/window-commands.ts";
import { desktopHandlers, problemHandlers } from "./requests.ts";
import { Launches } from "./launches.ts";
import { Quitting } from "./quitting.ts";
import { Welcome } from "./welcome.ts";

let folder: string;
let removeFiles: () => void;
let links: ScriptedLink[];
let application: Application;
let lastWindows: LastWindows;
let page: CheckedPage;
let desktop: Desktop;
let end: () => Promise<void>;
let dispatcher: Dispatcher;
let shown: ThemeState;
let promptMark: PromptMarkFile;
let launches: Launches;
const chosenFiles = new ChosenFiles();

beforeEach(async () => {
  const scripted = await scriptedApplication();
  ({ application, links, folder } = scripted);
  lastWindows = new LastWindows({ stateFolder: folder, vms: () => application.vms, isComplete: () => true });
  const { settings } = scripted;
  removeFiles = scripted.end;
  await application.open();
  page = new CheckedPage();
  const commands = new WindowCommands(page);
  let layout: ReturnType<Desktop["layout"]> = [];
  desktop = {
    raise: vi.fn<() => void>(),
    control: vi.fn<(action: string) => void>(),
    pageReady: vi.fn<() => void>(),
    layoutReported: ({ windows }) => void (layout = windows),
    layout: () => layout,
    command: (command) => commands.run(command),
    promptButtons: () => Promise.resolve([]),
    chooseFiles: ({ title }) => Promise.resolve(title === "" ? [] : [`/home/me/${title}`]),
    screenshot: () => Promise.resolve(new Uint8Array([1, 2, 3]).subarray(1)),
  };
  application.desktop = desktop;
  shown = { choice: "system", shown: "dark" };
  const theme: ThemePort = {
    state: () => shown,
    choose: (choice) => void (shown = { choice, shown: choice === "light" ? "light" : "dark" }),
    onChanged: () => undefined,
  };
  promptMark = new PromptMarkFile(folder, () => undefined);
  await promptMark.load();
  sendSettingsEvents({ application, page, promptMark, settings, theme });
  end = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const quitting = new Quitting({ application, settings, page, end, exit: () => undefined });
  const placements = new PlacementsFile(folder);
  launches = new Launches();
  dispatcher = Dispatcher.of(
    {
      desktop: desktopContract,
      layout: layoutContract,
      problem: problemContract,
      promptMark: promptMarkContract,
      window: windowContract,
    },
    {
      desktop: desktopHandlers({
        application,
        chosenFiles,
        doctor: () => Promise.resolve([QEMU_IS_MISSING]),
        launches,
        placements,
        promptMark,
        quitting,
        theme,
        warnings: ["It is old."],
        welcome: new Welcome({ stateFolder: folder, isFirstStart: true, log: () => undefined }),
      }),
      layout: layoutHandlers({ application, placements }),
      problem: problemHandlers({ application }),
      promptMark: promptMarkHandlers({ promptMark }),
      window: windowHandlers({
        application,
        commands,
        lastWindows,
      }),
    },
    { checksOutputs: true },
  );
});
afterEach(() => removeFiles());

const asks = (name: string, input: unknown = {}): Promise<unknown> => called(dispatcher, PAGE_CALLER, name, input);
const command = (name: string, input: unknown = {}): Promise<unknown> => called(dispatcher, cliCaller(), name, input);

const QEMU_IS_MISSING = { id: "qemu", status: "fail", detail: "no QEMU", remedy: "install it" } as const;

const rect = { x: 1, y: 2, width: 300, height: 200 };

/** A window of a guest that the page shows. Gives its id. */
async function windowOpened(): Promise<WindowId> {
  const vm = application.vm("home");
  await vm.start();
  const link = links.at(-1) ?? expect.unreachable("there is no link");
  link.says(HELLO);
  const window = guestWindow(7, { pid: 12, launch: 3, title: "Notes", appId: "mousepad" });
  link.says(serviceEvent(SURFACES, { type: "windowOpened", window }));
  const id = `${vm.id.slice(0, 8)}.7` as WindowId;
  reportsLayout(id);
  return id;
}

function reportsLayout(id: WindowId): void {
  const windows = [{ id, content: rect, mode: "maximized", focused: true, frozen: false, popups: [rect] }];
  dispatcher.report(PAGE_CALLER, "layout.report", { windows });
}

it("what of the page could not be drawn is a line of the log, whatever it says", () => {
  const lines: string[] = [];
  const written = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  dispatcher.report(PAGE_CALLER, "desktop.partFailed", { part: "The dock", detail: "TypeError: x\n    at Dock\u202e" });
  dispatcher.report(PAGE_CALLER, "desktop.partFailed", { part: "The dock", detail: "x".repeat(4_001) });
  written.mockRestore();
  expect(lines.map((line) => line.slice(25))).toEqual([
    "the desktop: The dock has failed: TypeError: x\\u{a}    at Dock\\u{202e}\n",
    expect.stringContaining("refused desktop.partFailed"),
  ]);
});

it("a page that loads is sent the whole state", async () => {
  const placements = {
    windows: [],
    apps: [{ vm: application.vm("home").id, appId: "foot", free: rect, keepsSize: true }],
  };
  dispatcher.report(PAGE_CALLER, "placements.report", placements);
  expect(await asks("desktop.attach")).toEqual({
    vms: application.statuses,
    problems: [],
    theme: { choice: "system", shown: "dark" },
    promptMark: promptMark.current,
    warnings: ["It is old."],
    isWelcome: true,
    placements,
  });
  expect(desktop.pageReady).toHaveBeenCalledOnce();
});

it("a page that has put the welcome away is not shown it again, and is told how this machine is", async () => {
  expect(await asks("desktop.attach")).toMatchObject({ isWelcome: true });
  await asks("desktop.welcomed");
  expect(await asks("desktop.attach")).toMatchObject({ isWelcome: false });
  expect(await asks("desktop.doctor")).toEqual([QEMU_IS_MISSING]);
});

it("what the command wants opened is handed on, the desktop in front", async () => {
  const openAll = vi.fn<(items: readonly LaunchItem[]) => void>();
  launches.desktopOpened({ raise: () => desktop.raise(), openAll });
  const items = [{ kind: "file", path: "/tmp/a b.pdf" }];
  await command("desktop.open", { items });
  expect(openAll).toHaveBeenCalledExactlyOnceWith(items);
  expect(desktop.raise).toHaveBeenCalledOnce();
  await expect(command("desktop.open", { items: [{ kind: "file", path: "a" }] })).rejects.toMatchObject({
    code: "usage.bad-argument",
  });
});

it("the page has a word for the files that the person has chosen, and none where they chose none", async () => {
  const answer = await asks("desktop.chooseFiles", { title: "x", several: true });
  expect(chosenFiles.take((answer as { files: string }).files)).toEqual(["/home/me/x"]);
  expect(await asks("desktop.chooseFiles", { title: "", several: true })).toEqual({ files: null });
});

it("its window does what the page and the command want of it", async () => {
  await asks("desktop.control", { action: "minimize" });
  expect(desktop.control).toHaveBeenCalledWith("minimize");
  await command("desktop.raise");
  expect(desktop.raise).toHaveBeenCalledOnce();
  expect(await command("desktop.screenshot")).toEqual({ base64: Buffer.from([2, 3]).toString("base64") });
});

it("what was open in a VM that has ended is offered to both, and its programs are started again", async () => {
  await windowOpened();
  await expect(asks("window.reopen", { vm: "home" })).rejects.toMatchObject({ code: "window.none-to-reopen" });
  lastWindows.changed();
  lastWindows.flush();
  const vm = application.vm("home");
  await vm.kill();
  lastWindows.changed();
  const offered = [{ vm: "home", windows: [{ title: "Notes", appId: "mousepad" }] }];
  expect([await asks("window.last"), await command("window.last")]).toEqual([offered, offered]);
  const reopened = asks("window.reopen", { vm: vm.id });
  const link = await vi.waitFor(() => (links.length > 1 ? links.at(-1) : null) ?? expect.fail("it was not started"));
  link.says(HELLO);
  const asked = await vi.waitFor(() => ordersOf(link, APPS)[0] ?? expect.fail("its programs were not asked for"));
  const app = { id: "mousepad", name: "Mousepad", mimeTypes: [], categories: [], hidden: false };
  link.says(serviceEvent(APPS, { request: asked.request, apps: [app] }));
  const launch = await vi.waitFor(() => ordersOf(link, LAUNCHES)[0] ?? expect.fail("nothing was launched"));
  expect(launch).toMatchObject({ appId: "mousepad", files: [] });
  link.says(serviceEvent(LAUNCHES, { type: "launched", request: launch.request, pid: 12 }));
  expect(await reopened).toEqual({ opened: ["Mousepad"], missing: [] });
});

it("broken files are reported to page and command", async () => {
  fs.writeFileSync(path.join(folder, "settings.yaml"), "theme: pink\n");
  await vi.waitFor(() => expect(page.events.map(({ name }) => name)).toContain("problems.changed"));
  const problem = { file: path.join(folder, "settings.yaml"), line: 1, column: 8 };
  expect(await command("problem.list")).toMatchObject([problem]);
  expect(page.events.find(({ name }) => name === "problems.changed")?.payload).toMatchObject([problem]);
});

it("the command has another mark drawn, and only the page is told it", async () => {
  const before = promptMark.current;
  expect(await command("promptMark.draw")).toBeNull();
  expect(promptMark.current).not.toEqual(before);
  expect(page.events.find(({ name }) => name === "promptMark.changed")?.payload).toEqual(promptMark.current);
});

it("both can end it", async () => {
  expect(await asks("desktop.quit", { vms: "keep", again: true })).toEqual({ notStopped: [] });
  expect(await command("desktop.quit", { vms: "stop" })).toEqual({ notStopped: [] });
  expect(end).toHaveBeenCalledOnce();
});

describe("focus", () => {
  it("is known with its cause as soon as the page says so, and unknown when another page has come", async () => {
    const window = await windowOpened();
    const focus = { window, vm: application.vm("home").id, cause: "inherited" as const };
    dispatcher.report(PAGE_CALLER, "focus.report", { focus });
    expect(application.focus.current).toMatchObject(focus);
    expect(await command("window.list")).toMatchObject([{ focused: true }]);
    await asks("desktop.attach");
    expect(application.focus.current).toBeNull();
  });

  it("is the page's to tell, of a window of that VM and for a cause that there is", async () => {
    const window = await windowOpened();
    const focus = { window, vm: application.vm("home").id, cause: "person" as const };
    dispatcher.report(cliCaller(), "focus.report", { focus });
    const wrong = [
      { ...focus, cause: "guest" },
      { ...focus, vm: "ffffffff-0000-4000-8000-000000000000" },
      { ...focus, window: "home" },
    ];
    for (const focus of wrong) dispatcher.report(PAGE_CALLER, "focus.report", { focus });
    expect(application.focus.current).toBeNull();
  });
});

describe("a window", () => {
  it("is where the page says", async () => {
    const id = await windowOpened();
    const expected = { id, vm: "home", title: "Notes", ...rect, state: "maximized", focused: true, popups: [rect] };
    expect(await command("window.list")).toMatchObject([expected]);
  });

  it.each(["focus", "close", "minimize", "maximize", "restore"] as const)(
    "is looked at after the page has done a %s",
    async (verb) => {
      const id = await windowOpened();
      const done = command(`window.${verb}`, { window: id });
      await vi.waitFor(() =>
        expect(page.events.at(-1)?.payload).toEqual({ id: 1, command: { type: verb, window: id } }),
      );
      dispatcher.report(PAGE_CALLER, "wm.answer", { id: 1, answer: { ok: true, value: null } });
      expect(await done).toMatchObject({ id });
    },
  );

  it("is pictured by the page", async () => {
    const id = await windowOpened();
    const picture = command("window.screenshot", { window: id });
    const value = new Uint8Array([9]);
    await vi.waitFor(() => expect(page.events.at(-1)?.name).toBe("wm.command"));
    dispatcher.report(PAGE_CALLER, "wm.answer", { id: 1, answer: { ok: true, value } });
    expect(await picture).toEqual({ base64: Buffer.from([9]).toString("base64") });
  });

  it("is waited for where a page has just come, which does not show it yet", async () => {
    const id = await windowOpened();
    await asks("desktop.attach");
    const done = command("window.focus", { window: id });
    await new Promise((resolve) => setImmediate(resolve));
    const orders = (): unknown[] => page.events.filter(({ name }) => name === "wm.command");
    expect(orders()).toEqual([]);
    reportsLayout(id);
    await vi.waitFor(() => expect(orders()).toMatchObject([{ payload: { command: { type: "focus", window: id } } }]));
    dispatcher.report(PAGE_CALLER, "wm.answer", { id: 1, answer: { ok: true, value: null } });
    expect(await done).toMatchObject({ id });
  });

  it("that there is none is not found", async () => {
    const id = await windowOpened();
    for (const window of [id.replace(".7", ".8"), id.replace(".7", ".07"), "home", "", "./../x".repeat(100)])
      await expect(command("window.focus", { window })).rejects.toMatchObject({ code: "window.not-found" });
  });

  it("that is frozen can be taken away by hand", async () => {
    const id = await windowOpened();
    dispatcher.report(PAGE_CALLER, "window.dismissed", { window: id });
    expect(await command("window.list")).toHaveLength(1);
    links.at(-1)?.says({ type: "closed", reason: "protocol-violation", detail: "no" });
    dispatcher.report(PAGE_CALLER, "window.dismissed", { window: id });
    expect(await command("window.list")).toEqual([]);
  });
});
