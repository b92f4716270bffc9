// @vitest-environment happy-dom
/** A click that a person cannot have meant counts for nothing but focus. */
import { beforeEach, describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { Rect, WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { createWmStore, type WmStore } from "../model/store.ts";
import { guardClicks } from "./guard-clicks.ts";
import type { Links } from "./links.ts";
import { WindowCommands } from "./window-commands.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const POPUP: Rect = { x: 400, y: 0, width: 100, height: 100 };
/** Each test's guard listens to the page: those of former tests must not. */
let listeners = new AbortController();
const listen = window.addEventListener.bind(window);
let wm: WmStore;
let nowMs: number;
let popups: Map<WindowId, Rect[]>;
let popupsChanged: () => void;
/** What reached the page's elements, the innermost first. */
let heard: string[];

beforeEach(() => {
  listeners.abort();
  listeners = new AbortController();
  window.addEventListener = (type: string, handler: unknown, options?: unknown) =>
    listen(type as "blur", handler as () => void, { ...(options as object), signal: listeners.signal });
  document.body.replaceChildren();
  wm = createWmStore();
  nowMs = 1_000;
  popups = new Map();
  heard = [];
  const links = {
    find: (id: WindowId) => ({ session: { popups: { shownOn: () => popups.get(id) ?? [] } } }),
  } as unknown as Links;
  const commands = new WindowCommands(wm, links, new ActivityTracker(), { report: () => undefined });
  const resting = guardClicks(wm, links, commands, () => nowMs);
  popupsChanged = () => resting.windowsChanged(false);
  open(1, HOME);
  wm.dispatch({ type: "focus", id: idOf(1) });
  wm.dispatch({ type: "moveTo", id: idOf(1), x: 100, y: 200 });
});

function open(n: number, vm: VmId): void {
  wm.dispatch({ type: "opened", id: idOf(n), vm, guest: guestWindow(n) });
  const size = { width: 300, height: 200 };
  wm.dispatch({ type: "mapped", id: idOf(n), size, takesFocus: false, remembered: null });
}

/** A part of window n's frame; `within` "popup": one of a popup of it. */
function part(n: number, within = "title-bar"): HTMLElement {
  const frame = document.createElement("div");
  frame.className = "guest-window";
  frame.dataset["windowId"] = idOf(n);
  const element = frame.appendChild(document.createElement("div"));
  element.className = within;
  document.body.append(frame);
  for (const type of ["pointerdown", "pointerup", "click", "dblclick"])
    element.addEventListener(type, () => heard.push(type));
  return element;
}

function move(x: number, y: number): void {
  document.body.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
}

function click(on: HTMLElement, x: number, y: number): string[] {
  for (const type of ["pointerdown", "pointerup", "click"])
    on.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, bubbles: true, cancelable: true }));
  return heard.splice(0);
}

const WHOLE = ["pointerdown", "pointerup", "click"];

describe("a click into another VM's window", () => {
  beforeEach(() => {
    open(2, WEB);
    wm.dispatch({ type: "moveTo", id: idOf(2), x: 100, y: 200 });
    wm.dispatch({ type: "focus", id: idOf(1) });
    move(150, 250);
    nowMs += 1_000;
  });

  it("that came out because the window above it went counts for focus alone", () => {
    wm.dispatch({ type: "closed", id: idOf(1) });
    nowMs += 299;
    const bar = part(2);
    expect(click(bar, 150, 250)).toEqual([]);
    expect(wm.getState()).toMatchObject({ focused: idOf(2), cause: "person" });
    // Nor does the second half of a double click count; a later one does, and is no double click with the former.
    expect(click(bar, 150, 250)).toEqual([]);
    nowMs += 1;
    expect(click(bar, 150, 250)).toEqual(WHOLE);
    bar.dispatchEvent(new MouseEvent("dblclick", { bubbles: true, cancelable: true }));
    expect(heard).toEqual([]);
  });

  it("counts once a person can have seen it, or has moved the pointer", () => {
    wm.dispatch({ type: "closed", id: idOf(1) });
    nowMs += 300;
    expect(click(part(2), 150, 250)).toEqual(WHOLE);
  });

  it("counts where a person moved the pointer", () => {
    wm.dispatch({ type: "closed", id: idOf(1) });
    expect(click(part(2), 170, 250)).toEqual(WHOLE);
  });

  it("counts where the person brought it there", () => {
    wm.dispatch({ type: "minimize", id: idOf(1) });
    expect(click(part(2), 150, 250)).toEqual(WHOLE);
  });

  it("counts for focus alone where its program made it larger", () => {
    open(3, WEB);
    wm.dispatch({ type: "moveTo", id: idOf(3), x: 700, y: 500 });
    move(1_020, 550);
    nowMs += 1_000;
    wm.dispatch({ type: "sized", id: idOf(3), size: { width: 400, height: 200 }, isAnswer: true });
    expect(click(part(3), 1_020, 550)).toEqual([]);
    expect(wm.getState().focused).toBe(idOf(3));
  });
});

describe("a popup", () => {
  it("of the window in use takes each click", () => {
    open(2, WEB);
    wm.dispatch({ type: "moveTo", id: idOf(2), x: 450, y: 200 });
    wm.dispatch({ type: "focus", id: idOf(1) });
    move(550, 250);
    nowMs += 1_000;
    popups.set(idOf(1), [POPUP]);
    popupsChanged();
    expect(click(part(1, "popup"), 550, 250)).toEqual(WHOLE);
  });

  it("of another window takes none at once", () => {
    open(2, WEB);
    wm.dispatch({ type: "moveTo", id: idOf(2), x: 450, y: 200 });
    wm.dispatch({ type: "focus", id: idOf(2) });
    open(3, HOME);
    wm.dispatch({ type: "focus", id: idOf(3) });
    wm.dispatch({ type: "moveTo", id: idOf(3), x: 600, y: 450 });
    move(550, 250);
    nowMs += 1_000;
    popups.set(idOf(2), [POPUP]);
    popups.set(idOf(1), []);
    // Window 1 lies below window 2.
    expect(click(part(2, "popup"), 550, 250)).toEqual(WHOLE);
    wm.dispatch({ type: "focus", id: idOf(1) });
    wm.dispatch({ type: "focus", id: idOf(3) });
    move(551, 251);
    nowMs += 1_000;
    popups.set(idOf(1), [POPUP]);
    popupsChanged();
    expect(click(part(1, "popup"), 551, 251)).toEqual([]);
  });
});

it("the host's own parts take each click", () => {
  open(2, WEB);
  wm.dispatch({ type: "moveTo", id: idOf(2), x: 100, y: 200 });
  wm.dispatch({ type: "focus", id: idOf(1) });
  move(150, 250);
  nowMs += 1_000;
  wm.dispatch({ type: "closed", id: idOf(1) });
  const dock = document.createElement("button");
  document.body.append(dock);
  for (const type of WHOLE) dock.addEventListener(type, () => heard.push(type));
  expect(click(dock, 150, 250)).toEqual(WHOLE);
});
