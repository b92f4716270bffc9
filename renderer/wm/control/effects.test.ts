// @vitest-environment happy-dom
/** The keyboard follows focus: the window manager's state on one side, what guests and main are told on the other. */
import { beforeEach, describe, expect, it } from "vitest";
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { Keyboard } from "../../input/keyboard.ts";
import { createWmStore, type WmStore } from "../model/store.ts";
import { Effects } from "./effects.ts";
import { reportFocus } from "./focus-reporter.ts";
import type { Links } from "./links.ts";

const HOME = "0a1b2c3d-0000-4000-8000-000000000000" as VmId;
const WEB = "ffffffff-0000-4000-8000-000000000000" as VmId;
const VMS: readonly VmId[] = [HOME, WEB];
const idOf = (vm: VmId, n: number): WindowId => `${vm.slice(0, 8)}.${n}` as WindowId;

let page: EventTarget;
let nowMs: number;
let wm: WmStore;
/** What each VM was told, "+30" for a key, "@7" for focus; and main of focus. */
let heard: Map<VmId, string[]>;
let reports: unknown[];

beforeEach(() => {
  page = new EventTarget();
  nowMs = 1_000;
  wm = createWmStore();
  heard = new Map(VMS.map((vm) => [vm, []]));
  reports = [];
  const sessions = VMS.map((vm) => ({
    vm,
    configurerOf: () => undefined,
    scene: { setVisible: () => undefined },
    send: (command: LinkCommand) => {
      if (command.type === "key" && command.state !== "released") heard.get(vm)?.push(`+${command.code}`);
      if (command.type === "keyboardFocus") heard.get(vm)?.push(`@${command.surface ?? "-"}`);
    },
  }));
  const links = {
    dismissPopups: () => undefined,
    find: (id: WindowId) => {
      const window = wm.getState().windows[id];
      return window && { session: sessions[VMS.indexOf(window.vm)], surface: { id: window.guest.surface } };
    },
  } as unknown as Links;
  reportFocus({ report: (name, input) => reports.push([name, input]) }, wm);
  const activity = new ActivityTracker(() => wm.dispatch({ type: "used" }));
  const listener = { superTapped: () => undefined, pastePressed: () => undefined, shortcutPressed: () => undefined };
  new Effects(wm, links, new Keyboard(activity, listener, page, () => nowMs));
});

function open(vm: VmId, n: number): void {
  const size = { width: 9, height: 9 };
  wm.dispatch({ type: "opened", id: idOf(vm, n), vm, guest: guestWindow(n) });
  wm.dispatch({ type: "mapped", id: idOf(vm, n), size, takesFocus: false, remembered: null });
}

const choose = (vm: VmId, n: number): void => wm.dispatch({ type: "focus", id: idOf(vm, n) });
const close = (vm: VmId, n: number): void => wm.dispatch({ type: "closed", id: idOf(vm, n) });
function press(afterMs = 10): void {
  nowMs += afterMs;
  page.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyA", key: "a", cancelable: true }));
  page.dispatchEvent(new KeyboardEvent("keyup", { code: "KeyA", key: "a", cancelable: true }));
}
function said(vm: VmId): string {
  return (heard.get(vm) ?? []).splice(0).join(" ");
}

describe("what is typed", () => {
  it("does not go on in another VM when the window in use ends", () => {
    open(WEB, 1);
    choose(WEB, 1);
    open(HOME, 1);
    choose(HOME, 1);
    press();
    expect(said(HOME)).toBe("@1 +30");
    close(HOME, 1);
    press();
    press(399);
    expect(said(WEB)).toBe("@1 @- @1");
    press(400);
    expect(said(WEB)).toBe("+30");
  });

  it("goes on in another window of the same VM: the dialog that a key opened gets the next key", () => {
    open(HOME, 1);
    open(HOME, 2);
    choose(HOME, 1);
    press();
    wm.dispatch({ type: "focus", id: idOf(HOME, 2), request: "person" });
    press();
    close(HOME, 2);
    press();
    expect(said(HOME)).toBe("@1 +30 @2 +30 @1 +30");
  });

  it("goes to the window that a person has chosen, also in another VM, and to one that a person made the next", () => {
    open(WEB, 1);
    open(HOME, 1);
    choose(WEB, 1);
    press();
    choose(HOME, 1);
    press();
    wm.dispatch({ type: "minimize", id: idOf(HOME, 1) });
    press();
    expect([said(WEB), said(HOME)]).toEqual(["@1 +30 @- @1 +30", "@1 +30 @-"]);
  });

  it("is dropped on, whatever the VM that has the keyboard now does, until the person chooses a window of it", () => {
    open(WEB, 1);
    choose(WEB, 1);
    open(HOME, 1);
    choose(HOME, 1);
    said(WEB);
    close(HOME, 1);
    open(WEB, 2);
    wm.dispatch({ type: "focus", id: idOf(WEB, 2), request: "person" });
    press();
    expect(said(WEB)).toBe("@1 @2");
    choose(WEB, 2);
    press();
    expect(said(WEB)).toBe("+30");
  });
});

it("main hears of each change of focus, with its cause, before a key goes there", () => {
  open(HOME, 1);
  open(WEB, 1);
  choose(WEB, 1);
  choose(HOME, 1);
  close(HOME, 1);
  choose(WEB, 1);
  close(WEB, 1);
  const focus = (vm: VmId, cause: string): unknown => ["focus.report", { focus: { window: idOf(vm, 1), vm, cause } }];
  expect(reports).toEqual([
    focus(WEB, "person"),
    focus(HOME, "person"),
    focus(WEB, "inherited"),
    focus(WEB, "person"),
    ["focus.report", { focus: null }],
  ]);
});
