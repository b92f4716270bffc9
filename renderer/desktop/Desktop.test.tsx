// @vitest-environment happy-dom
// A part of the desktop that cannot be drawn, and all the others.
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { IconView } from "#shared/model/icon.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { AskCard } from "#shared/model/network.ts";
import type { TransferView } from "#shared/model/transfer.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { type Shell, ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../ui/testing.tsx";
import type { Links } from "../wm/control/links.ts";
import type { Switcher } from "../wm/control/switcher.ts";
import type { WindowCommands } from "../wm/control/window-commands.ts";
import { Desktop } from "./Desktop.tsx";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const [NOTES, PAGE] = ["home.1", "web.2"] as unknown as [WindowId, WindowId];
const NO_LABEL = "of no VM" as LabelName;

let drawn: Drawn;
let shell: Shell;
/** Of what main is told that it has failed. */
let failed: string[];

const vm = (id: VmId, label: LabelName): VmStatus =>
  ({
    ...{ id, name: id, label, state: "running", stateReason: null, role: "app", template: "debian", network: "none" },
    ...{ windows: 1, networkDetail: "", stateDetail: "", accelerator: null, origin: null, startPhase: null },
  }) as unknown as VmStatus;
const card = (id: number, change: Partial<AskCard> = {}): AskCard => ({
  ...{ id, vmId: WEB, vm: "web", names: [`${id}.example`], programs: [], domain: null, ports: [443] },
  ...{ count: 1, sinceMs: 0, lastMs: 0 },
  ...change,
});

beforeEach(async () => {
  // React says there what a boundary has caught.
  vi.spyOn(console, "error").mockReturnValue();
  failed = [];
  const bridge = {
    request: (name: string) =>
      name === "clipboard.history" ? Promise.resolve({ ok: true, value: {} }) : new Promise(() => undefined),
    report: (name: string, input: { part: string }) => {
      if (name === "desktop.partFailed") failed.push(input.part);
    },
    on: () => () => undefined,
  } as unknown as AtollBridge;
  shell = testShell({
    bridge,
    send: () => undefined,
    links: { find: () => undefined } as unknown as Links,
    commands: {
      leaveFullscreen: (id: WindowId) => shell.wm.dispatch({ type: "place", id, placement: "free" }),
      toggle: (id: WindowId) => shell.wm.dispatch({ type: "focus", id }),
    } as unknown as WindowCommands,
    switcher: { cancel: () => shell.wmOverlays.setState({ switcher: null }) } as unknown as Switcher,
  });
  shell.vms.take([vm(HOME, "lagoon"), vm(WEB, "coral")]);
  for (const [id, of, surface] of [
    [NOTES, HOME, 1],
    [PAGE, WEB, 2],
  ] as const) {
    shell.wm.dispatch({ type: "opened", id, vm: of, guest: guestWindow(surface, { title: id, appId: id }) });
    shell.wm.dispatch({ type: "mapped", id, size: { width: 300, height: 200 }, takesFocus: true, remembered: null });
  }
  drawn = await draw(
    <ShellContext value={shell}>
      <Desktop />
    </ShellContext>,
  );
  await act(async () => shell.asks.take([card(11)]));
});

afterEach(() => {
  drawn.remove();
  vi.restoreAllMocks();
});

const contentOf = (id: WindowId): HTMLElement | null =>
  document.querySelector(`[data-window-id="${id}"] .guest-content`);
const there = (): boolean[] =>
  [".dock", ".top-bar .chips", ".ask-card", ".wallpaper"].map((part) => document.querySelector(part) !== null);
const said = (): string[] => textsOf(".part-failed span");

it("a card takes nothing with it, and is shown again", async () => {
  await act(async () => shell.asks.take([card(11), card(12, { names: undefined as unknown as string[] })]));
  expect([said(), failed]).toEqual([["A card has failed. Atoll’s log says why."], ["A card"]]);
  expect(textsOf(".ask-card h3")).toEqual(["11.example:443"]);
  expect(there()).toEqual([true, true, true, true]);
  await act(async () => shell.asks.take([card(11), card(12)]));
  await click(".part-failed button", "Show again");
  expect([said(), textsOf(".ask-closed b")]).toEqual([[], ["12.example"]]);
});

it("the dock takes nothing with it, and what fails again says so again", async () => {
  const kiosk = { name: "player", title: "Player", template: "t", state: "ready", note: "", detail: "" } as KioskView;
  await act(async () => shell.kiosks.take([kiosk]));
  expect([said(), failed]).toEqual([["The dock has failed. Atoll’s log says why."], ["The dock"]]);
  expect(there()).toEqual([false, true, true, true]);
  await click(".part-failed button", "Show again");
  expect([said().length, failed]).toEqual([1, ["The dock", "The dock"]]);
  await act(async () => shell.kiosks.take([{ ...kiosk, kind: "video" }]));
  await click(".part-failed button", "Show again");
  expect([said(), there()]).toEqual([[], [true, true, true, true]]);
});

it("a frame that cannot say whose window it is shows nothing of the guest, which gets no key; other windows stay", async () => {
  expect(shell.wm.getState().focused).toBe(PAGE);
  await act(async () => shell.vms.take([vm(HOME, "lagoon"), vm(WEB, NO_LABEL)]));
  expect([contentOf(PAGE), contentOf(NOTES) !== null]).toEqual([null, true]);
  expect(failed).toContain("The frame of a window");
  expect(element(".guest-window[data-failed]").style.transform).not.toBe("");
  expect(shell.wm.getState().focused).toBeNull();
  // Whoever chooses it wants to see it.
  await act(async () => shell.vms.take([vm(HOME, "lagoon"), vm(WEB, "coral")]));
  await act(async () => shell.wm.dispatch({ type: "focus", id: PAGE }));
  expect(contentOf(PAGE)).not.toBeNull();
});

it("a bar whose menu is open gives the keyboard back", async () => {
  await act(async () => shell.overlays.open({ kind: "vm-menu", vm: HOME }));
  await act(async () => shell.vms.take([vm(HOME, NO_LABEL), vm(WEB, "coral")]));
  expect(failed).toContain("The top bar");
  expect([shell.overlays.getState().overlay, document.querySelector(".dock") !== null]).toEqual([null, true]);
});

it("Escape gives the keyboard back from wherever Tab has led to from the bar, and what is chosen in the dock has it", async () => {
  const overlay = () => shell.overlays.getState().overlay;
  const file = { id: "1", name: "a.txt", party: { kind: "host" }, place: "downloads", isFolder: false } as IconView;
  const places = { vms: true, downloads: true, recent: false };
  await act(async () => shell.icons.take({ icons: [{ ...file, bytes: 1, modifiedS: 0 }], more: 0, places }));
  for (const part of [".dock-item", ".desktop-icon"]) {
    await act(async () => shell.overlays.open({ kind: "bar" }));
    expect(document.activeElement?.className).toBe("chip");
    await act(async () => element(part).focus());
    await press("Escape");
    expect(overlay()).toBeNull();
  }
  await act(async () => shell.overlays.open({ kind: "bar" }));
  await click(".dock-item", NOTES);
  expect([overlay(), shell.wm.getState().focused]).toEqual([null, NOTES]);
});

it("nothing fills the screen where nothing says whose it is", async () => {
  await act(async () => {
    shell.wm.dispatch({ type: "place", id: PAGE, placement: "userFullscreen" });
    shell.wm.dispatch({ type: "arrived", id: PAGE });
  });
  expect(document.documentElement.dataset["fullscreen"]).toBe("");
  await act(async () => shell.vms.take([vm(HOME, "lagoon"), vm(WEB, NO_LABEL)]));
  expect(failed).toContain("The strip of full screen");
  expect(shell.wm.getState().windows[PAGE]?.placement).toBe("free");
  expect(document.documentElement.dataset["fullscreen"]).toBeUndefined();
});

it("a switcher that cannot be drawn lets go of the keys", async () => {
  await act(async () => shell.wmOverlays.setState({ switcher: { windows: null as unknown as WindowId[], at: 0 } }));
  expect([failed, shell.wmOverlays.getState().switcher]).toEqual([["The switcher"], null]);
  await act(async () => shell.wmOverlays.setState({ switcher: { windows: [NOTES], at: 0 } }));
  expect(document.querySelectorAll(".switcher-card")).toHaveLength(1);
});

it("a view of the sheet leaves its tabs, and what was opened is closed by Escape", async () => {
  await act(async () => shell.transfers.take([{} as TransferView]));
  await act(async () => shell.overlays.open({ kind: "sheet", tab: "transfers" }));
  expect(said()).toEqual(["The view “Transfers” has failed. Atoll’s log says why."]);
  expect(document.querySelectorAll('[role="tab"]')).toHaveLength(7);
  await act(async () => shell.overlays.open({ kind: "clip-history" }));
  expect(said()).toEqual(["The clipboard history has failed. Atoll’s log says why."]);
  expect(document.activeElement?.textContent).toBe("Show again");
  await press("Escape");
  expect([said(), shell.overlays.getState().overlay]).toEqual([[], null]);
});

it("of a flood of notices the newest are kept, also while the desktop is not in front and none of them goes by itself", async () => {
  vi.useFakeTimers();
  const texts = (): string[] => textsOf(".notice:not([data-ending-style]) .notice-text").toSorted();
  const newest = Array.from({ length: 20 }, (_, at) => `notice ${41 + at}`);
  shell.notices.left();
  await act(async () => {
    for (let n = 1; n <= 60; n += 1) shell.notices.show(`notice ${n}`);
  });
  await act(async () => void (await vi.advanceTimersByTimeAsync(60_000)));
  expect(texts()).toEqual(newest);
  await act(async () => shell.notices.back());
  await act(async () => void (await vi.advanceTimersByTimeAsync(7_900)));
  expect(texts()).toEqual(newest);
  await act(async () => void (await vi.advanceTimersByTimeAsync(5_000)));
  expect(texts()).toEqual([]);
  vi.useRealTimers();
});
