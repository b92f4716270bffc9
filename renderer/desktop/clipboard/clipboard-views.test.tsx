// @vitest-environment happy-dom
import { act, type ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ClipHistoryEntry, WaitingPasteView } from "#shared/ipc/clipboard.ts";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import { VmChip } from "../../vms/VmChip.tsx";
import { WindowMenu } from "../../wm/views/WindowMenu.tsx";
import { CrossingNotices } from "../crossings/CrossingNotices.tsx";
import { Overlays } from "../Overlays.tsx";
import { PasteBars } from "./PasteBars.tsx";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const vm = (id: VmId, label: "lagoon" | "coral"): VmStatus => ({
  ...{ id, name: id, label, template: "debian", driver: "qemu", state: "running", stateReason: null, role: "app" },
  ...{
    network: "none",
    windows: 0,
    uptimeS: 1,
    accelerator: null,
    startPhase: null,
    origin: null,
    networkDetail: "",
    stateDetail: "",
  },
});
const PASTE: WaitingPasteView = {
  ...{ id: 4, vm: WEB, from: HOME, app: "Mouse”pad", lapsesInMs: 20_000 },
  type: "text/plain;charset=utf-8",
};
const clip = (id: number, change: Partial<ClipHistoryEntry> = {}): ClipHistoryEntry => ({
  ...{ id, vm: HOME, vmName: "home", label: "lagoon", text: `text ${id}`, characters: 6, ageS: 5, isPinned: false },
  ...change,
});

let drawn: Drawn;
let shell: ReturnType<typeof testShell>;
let said: [name: string, input: unknown][];
let history: ClipHistoryEntry[];
let historyChanged: () => void = () => undefined;
/** No request is answered before; null: each at once. */
let held: Promise<void> | null;
const bridge = {
  request: async (name: string, input: unknown) => {
    said.push([name, input]);
    if (held !== null) await held;
    return { ok: true, value: history };
  },
  report: (name: string, input: unknown) => void said.push([name, input]),
  on: (name: string, listener: () => void) => {
    if (name === "clipboard.historyChanged") historyChanged = listener;
    return () => undefined;
  },
} as unknown as AtollBridge;

async function show(view: ReactNode): Promise<void> {
  drawn = await draw(<ShellContext value={shell}>{view}</ShellContext>);
}

beforeEach(() => {
  said = [];
  held = null;
  history = [clip(3, { isPinned: true }), clip(2, { text: "two\n<i>lines</i>\u{202e}" }), clip(1)];
  shell = testShell({ bridge, send: (...[name, input]) => void said.push([name, input]) });
  shell.vms.take([vm(HOME, "lagoon"), vm(WEB, "coral")]);
});

afterEach(() => {
  vi.useRealTimers();
  drawn.remove();
});

const take = (waiting: WaitingPasteView[], from: VmId | null = HOME): Promise<void> =>
  act(async () => shell.clipboard.take({ current: { from, types: [], isSecret: false }, waiting, pasteKeys: [] }));

it("a program that wants to paste is quoted in a bar, which takes no focus and cannot be pressed in its first second", async () => {
  vi.useFakeTimers();
  await show(<PasteBars />);
  expect(textsOf(".paste-bar")).toEqual([]);
  await take([PASTE]);
  expect(textsOf(".paste-bar p")).toEqual(["“Mouse'pad”, as web says, wants to pastetext of home"]);
  expect(document.activeElement).toBe(document.body);
  await click(".paste-bar .button", "Paste");
  expect(said).toEqual([]);
  act(() => void vi.advanceTimersByTime(1_000));
  await click(".paste-bar .button", "Paste");
  await click(".paste-bar .button", "Ignore");
  expect(said).toEqual([
    ["clipboard.answer", { id: 4, answer: "paste" }],
    ["clipboard.answer", { id: 4, answer: "ignore" }],
  ]);
  // Main says it again with less time left: it is the same bar, and can still be pressed.
  await take([{ ...PASTE, lapsesInMs: 9_000 }]);
  expect((element(".paste-bar .button", "Paste") as HTMLButtonElement).disabled).toBe(false);
  expect(element(".paste-bar-time").style.animationDuration).toBe("20000ms");
  await take([]);
  expect(textsOf(".paste-bar")).toEqual([]);
});

it("a bar that moves up into the place of another one cannot be pressed for a second, nor one after the desktop has come to the front", async () => {
  vi.useFakeTimers();
  await show(<PasteBars />);
  const enabled = (): boolean[] =>
    [...document.querySelectorAll<HTMLButtonElement>(".paste-bar .button:first-of-type")].map((one) => !one.disabled);
  await take([PASTE, { ...PASTE, id: 5, vm: HOME }]);
  act(() => void vi.advanceTimersByTime(1_000));
  expect(enabled()).toEqual([true, true]);
  // The first click of a double click has answered the upper one.
  await take([{ ...PASTE, id: 5, vm: HOME }]);
  expect(enabled()).toEqual([false]);
  await click(".paste-bar .button", "Paste");
  expect(said).toEqual([]);
  act(() => void vi.advanceTimersByTime(1_000));
  // One that comes below moves nothing.
  await take([
    { ...PASTE, id: 5, vm: HOME },
    { ...PASTE, id: 6 },
  ]);
  expect(enabled()).toEqual([true, false]);
  act(() => void vi.advanceTimersByTime(1_000));
  act(() => void window.dispatchEvent(new Event("focus")));
  expect(enabled()).toEqual([false, false]);
});

it("however many VMs want to paste, three bars are shown", async () => {
  await show(<PasteBars />);
  await take([1, 2, 3, 4, 5].map((id) => ({ ...PASTE, id, app: "" })));
  expect(textsOf(".paste-bar p")).toEqual(
    Array.from({ length: 3 }, () => "A program in web wants to pastetext of home"),
  );
});

it("the VM's chip says so, and its menu has the same answers", async () => {
  await show(<VmChip vm={vm(WEB, "coral")} />);
  await take([PASTE]);
  expect(textsOf(".chip-fact")).toEqual(["wants to paste"]);
  await act(async () => shell.overlays.open({ kind: "vm-menu", vm: WEB }));
  await click(".menu-item", "Paste");
  expect(said).toEqual([["clipboard.answer", { id: 4, answer: "paste" }]]);
});

it("a paste that begins to wait while the menu is open does not come in under the pointer", async () => {
  await show(<VmChip vm={vm(WEB, "coral")} />);
  await act(async () => shell.overlays.open({ kind: "vm-menu", vm: WEB }));
  const entries = textsOf(".menu-text");
  await take([PASTE]);
  expect(textsOf(".menu-text")).toEqual(entries);
  await act(async () => shell.overlays.close());
  await act(async () => shell.overlays.open({ kind: "vm-menu", vm: WEB }));
  // What has lapsed meanwhile is not replaced by another one.
  await take([{ ...PASTE, id: 5 }]);
  await click(".menu-item", "Paste");
  expect(said).toEqual([["clipboard.answer", { id: 4, answer: "paste" }]]);
});

it("the menu of a window that closes meanwhile is closed, and the keyboard is free", async () => {
  const id = "web.1" as WindowId;
  shell.wm.dispatch({ type: "opened", id, vm: WEB, guest: guestWindow(1) });
  await show(<Overlays />);
  await act(async () => shell.overlays.open({ kind: "window-menu", window: id, x: 0, y: 0 }));
  expect(document.querySelector(".menu")).not.toBeNull();
  await act(async () => shell.wm.dispatch({ type: "closed", id }));
  expect([document.querySelector(".menu"), shell.overlays.getState().overlay]).toEqual([null, null]);
});

it("another window's menu in its place stays", async () => {
  const [first, second] = ["web.1", "web.2"] as unknown as [WindowId, WindowId];
  shell.wm.dispatch({ type: "opened", id: first, vm: WEB, guest: guestWindow(1) });
  shell.wm.dispatch({ type: "opened", id: second, vm: WEB, guest: guestWindow(2) });
  await show(<Overlays />);
  await act(async () => shell.overlays.open({ kind: "window-menu", window: first, x: 0, y: 0 }));
  await act(async () => {
    shell.wm.dispatch({ type: "closed", id: first });
    shell.overlays.open({ kind: "window-menu", window: second, x: 0, y: 0 });
  });
  expect(shell.overlays.getState().overlay).toMatchObject({ window: second });
});

it("a window's menu pastes from where something was copied, and copies to the host", async () => {
  const id = "web.1" as WindowId;
  shell.wm.dispatch({ type: "opened", id, vm: WEB, guest: guestWindow(1) });
  await show(<WindowMenu id={id} at={{ x: 0, y: 0 }} />);
  const entries = (): string[] => textsOf(".menu-text").filter((text) => /Paste|Copy/u.test(text));
  expect(entries()).toEqual(["Paste from host", "Copy to host"]);
  await take([], WEB);
  expect(entries()).toEqual(["Paste from host", "Copy to host"]);
  await take([], null);
  expect(entries()).toEqual(["Paste from host", "Copy to host"]);
  await take([]);
  expect(entries()).toEqual(["Paste from home", "Paste from host", "Copy to host"]);
  await click(".menu-item", "Paste from home");
  await click(".menu-item", "Paste from host");
  await click(".menu-item", "Copy to host");
  expect(said).toEqual([
    ["clipboard.gesture", { window: id, kind: "menu" }],
    ["clipboard.pasteFromHost", { window: id }],
    ["clipboard.copyToHost", { vm: WEB }],
  ]);
});

const told = (seq: number) => ({
  ...{
    seq,
    action: "clipboard.paste" as const,
    type: "text/plain",
    bytes: 36,
    characters: 34,
    by: "rule" as const,
    detail: "",
  },
  failure: "",
  from: { kind: "vm", id: HOME, name: "home", label: "lagoon", role: "app" } as const,
  ...{ to: { kind: "host" } as const, decision: "allow" as const },
});

it("a toast tells of a crossing for four seconds; pressed, it opens its entry", async () => {
  vi.useFakeTimers();
  await show(<CrossingNotices />);
  act(() => shell.crossingNotices.tell(told(7)));
  act(() => void vi.advanceTimersByTime(3_900));
  expect(textsOf(".crossing-notices li")).toEqual(["home→this computertext, 34 charactersby rule"]);
  act(() => void vi.advanceTimersByTime(100));
  expect(textsOf(".crossing-notices")).toEqual([]);
  act(() => shell.crossingNotices.tell(told(8)));
  await click(".crossing-notice");
  expect(shell.overlays.getState().overlay).toEqual({ kind: "sheet", tab: "policy", entry: 8 });
  expect(textsOf(".crossing-notices")).toEqual([]);
});

it("a toast of what was allowed and failed says so and why, for twice as long", async () => {
  vi.useFakeTimers();
  await show(<CrossingNotices />);
  const failure = "its source took it back, or did not answer in time";
  act(() => shell.crossingNotices.tell({ ...told(7), bytes: 0, characters: null, failure }));
  act(() => void vi.advanceTimersByTime(7_900));
  expect(textsOf(".crossing-notice-by")).toEqual(["failed"]);
  expect(textsOf(".crossing-notice-failure")).toEqual(["Its source took it back, or did not answer in time."]);
  act(() => void vi.advanceTimersByTime(100));
  expect(textsOf(".crossing-notices")).toEqual([]);
  act(() => shell.crossingNotices.tell({ ...told(8), failure }));
  expect(textsOf(".crossing-notice-by")).toEqual(["not all"]);
});

it("of a thousand crossings three are shown, and the others counted", async () => {
  vi.useFakeTimers();
  await show(<CrossingNotices />);
  act(() => {
    for (let seq = 1; seq <= 1000; seq += 1) shell.crossingNotices.tell(told(seq));
  });
  expect(document.querySelectorAll(".crossing-notice").length).toBe(3);
  expect(textsOf(".crossing-notices-more")).toEqual(["and 997 more"]);
  expect(vi.getTimerCount()).toBe(3);
  // Told again, with its bytes, it takes its own place.
  act(() => shell.crossingNotices.tell({ ...told(1000), bytes: 5 }));
  expect(document.querySelectorAll(".crossing-notice").length).toBe(3);
  act(() => void vi.advanceTimersByTime(4_000));
  act(() => shell.crossingNotices.tell(told(1001)));
  expect(textsOf(".crossing-notices-more")).toEqual([]);
});

const options = (): string[] =>
  [...document.querySelectorAll(".clip")].map(
    (one) =>
      `${one.getAttribute("aria-selected") === "true" ? "> " : ""}${one.querySelector(".clip-text")?.textContent}`,
  );
const openHistory = async (): Promise<void> => {
  await show(<Overlays />);
  await act(async () => shell.overlays.open({ kind: "clip-history" }));
};

it("what was copied is shown as text, what is hidden in it by its code", async () => {
  await openHistory();
  expect(options()).toEqual(["> text 3", "two <i>lines</i>U+202E", "text 1"]);
  expect(document.querySelector(".clip i")).toBeNull();
  // Of the text with two lines; only what is pinned has its pin filled.
  expect(document.querySelectorAll(".clip-break")).toHaveLength(1);
  const pins = [...document.querySelectorAll(".clip .lucide-pin")].map((pin) => pin.getAttribute("fill"));
  expect(pins).toEqual(["currentColor", "none", "none"]);
});

it("arrows choose, Enter picks; what is copied meanwhile does not take its place", async () => {
  await openHistory();
  await press("ArrowDown");
  history = [clip(4), ...history];
  await act(async () => historyChanged());
  expect(options()[2]).toBe("> two <i>lines</i>U+202E");
  await press("Enter");
  expect([said.at(-1), shell.overlays.getState().overlay]).toEqual([["clipboard.pick", { entry: 2 }], null]);
});

it("the first one is chosen by what it is, too: what is copied meanwhile is not picked in its place", async () => {
  await openHistory();
  history = [clip(4), ...history];
  await act(async () => historyChanged());
  expect(options().slice(0, 2)).toEqual(["text 4", "> text 3"]);
  await press("Enter");
  expect(said.at(-1)).toEqual(["clipboard.pick", { entry: 3 }]);
});

it("opens where there is no VM, and so no label", async () => {
  shell.vms.take([]);
  await openHistory();
  expect(textsOf(".clips-labels button")).toEqual(["All", "Clear"]);
  expect(document.querySelector(".part-failed")).toBeNull();
});

it("the Tab key stays within it", async () => {
  await openHistory();
  await press("Tab", { shiftKey: true });
  expect(element(".clips").contains(document.activeElement)).toBe(true);
  expect(document.activeElement).toBe(element(".clips-clear"));
  await press("Tab");
  expect(document.activeElement).toBe(element("input"));
});

it("is searched by words and by label, pinned, forgotten and cleared", async () => {
  await openHistory();
  await write(element("input"), "two");
  expect(said.at(-1)).toEqual(["clipboard.history", { search: "two", label: null }]);
  await click(".clips-labels button", "coral");
  expect(said.at(-1)).toEqual(["clipboard.history", { search: "two", label: "coral" }]);
  await press("p", { ctrlKey: true });
  expect(said.at(-1)).toEqual(["clipboard.pin", { entry: 3, isPinned: false }]);
  await press("Delete", { shiftKey: true });
  expect(said.at(-1)).toEqual(["clipboard.forget", { entry: 3 }]);
  await click(".clips-clear");
  expect(said.at(-1)).toEqual(["clipboard.clearHistory", { label: "coral" }]);
  expect(document.activeElement).toBe(element("input"));
  await press("Escape");
  expect(shell.overlays.getState().overlay).toBeNull();
});

it("what is searched comes in place of what is shown, and Enter picks nothing before: what was typed may mean another", async () => {
  await openHistory();
  const before = options();
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  history = [clip(2), clip(1)];
  await write(element("input"), "x");
  expect(options()).toEqual(before);
  await press("Enter");
  expect(said.at(-1)).toEqual(["clipboard.history", { search: "x", label: null }]);
  await act(async () => release());
  expect(options()).toEqual(["> text 2", "text 1"]);
  await press("Enter");
  expect(said.at(-1)).toEqual(["clipboard.pick", { entry: 2 }]);
});

it("Enter on a button that has the focus picks nothing: it presses the button", async () => {
  await openHistory();
  element(".clips-clear").focus();
  const before = said.length;
  await press("Enter");
  expect([said.length, shell.overlays.getState().overlay?.kind]).toEqual([before, "clip-history"]);
});

it("says that there is nothing", async () => {
  history = [];
  await openHistory();
  expect(textsOf(".launcher-none")[0]).toContain("Nothing was copied yet.");
  await write(element("input"), "x");
  expect(textsOf(".launcher-none")).toEqual(["Nothing that was copied fits."]);
});
