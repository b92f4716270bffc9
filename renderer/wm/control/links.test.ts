// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkCommand, LinkEvent, PageMessage } from "#shared/ipc/link-port.ts";
import type { VmId, VmState, VmStatus } from "#shared/model/vm.ts";
import { type GuestWindow, type SurfaceId, type WindowId, windowIdOf } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { Compositor } from "../../compositor/compositor.ts";
import type { FromCompositor, ToCompositor } from "../../compositor/worker/messages.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { Keyboard } from "../../input/keyboard.ts";
import { Effects } from "./effects.ts";
import { contentOf, type DesktopWindow, type Remembered } from "../model/state.ts";
import { createWmStore } from "../model/store.ts";
import type { LinkPorts, LinkSessionHost } from "./link-session.ts";
import { Links } from "./links.ts";

/** The compositor's worker: opens nothing, draws nothing, says what the test lets it say. */
class FakeWorker {
  static last: FakeWorker;
  onmessage: ((event: { data: FromCompositor }) => void) | null = null;
  readonly heard: ToCompositor[] = [];
  constructor() {
    FakeWorker.last = this;
  }
  postMessage(message: ToCompositor): void {
    this.heard.push(message);
  }
}
vi.stubGlobal("Worker", FakeWorker);
HTMLCanvasElement.prototype.transferControlToOffscreen = () => ({}) as OffscreenCanvas;

/** The link's end of the page's port. */
class FakePort extends EventTarget {
  onmessage: ((event: { data: LinkEvent }) => void) | null = null;
  isClosed = false;
  readonly heard: PageMessage[] = [];
  postMessage(message: PageMessage): void {
    this.heard.push(message);
  }
  close(): void {
    this.isClosed = true;
  }
  say(event: LinkEvent): void {
    this.onmessage?.({ data: event });
  }
  configures(): Extract<LinkCommand, { type: "configure" }>[] {
    return this.heard.splice(0).filter((command) => command.type === "configure");
  }
}

const VM = "0a1b2c3d-0000-4000-8000-000000000000" as VmId;
const OTHER = "ffffffff-0000-4000-8000-000000000000" as VmId;
const id = (n: number): SurfaceId => n as SurfaceId;
const windowId = (n: number): WindowId => windowIdOf(VM, id(n));
const guest = (n: number, change: Partial<GuestWindow> = {}): GuestWindow =>
  guestWindow(n, { title: "t", appId: "a", ...change });

let mayTakeFocus = true;
let remembered: Remembered | null = null;
let launchedAt: number | null = null;
const asked: { window: WindowId; isStarted: boolean }[] = [];
const host: LinkSessionHost = {
  policy: {
    requested: () => undefined,
    recall: () => remembered,
    focusClaim: (window, launchedAtMs) => {
      launchedAt = launchedAtMs;
      asked.push({ window, isStarted: launchedAtMs !== null });
      return mayTakeFocus ? "launch" : null;
    },
  },
  attached: () => undefined,
  pointerLockWanted: () => undefined,
  popupsChanged: () => undefined,
  cursorChanged: () => undefined,
};
const wm = createWmStore();
const { dispatch } = wm;
const links = new Links(wm, new Compositor());
const keyboard = new Keyboard(
  new ActivityTracker(),
  { superTapped: () => undefined, pastePressed: () => undefined, shortcutPressed: () => undefined },
  new EventTarget(),
);
new Effects(wm, links, keyboard);
const worker = FakeWorker.last;

let session = 0;
let port: FakePort;

/** A link whose agent has not connected yet. */
function begin(vm = VM): FakePort {
  const events = new FakePort();
  const ports = { events, pixels: new FakePort() } as unknown as LinkPorts;
  links.add(vm, ports, host);
  session += 1;
  return events;
}

function attach(vm = VM): FakePort {
  const events = begin(vm);
  events.say({ type: "attached" });
  return events;
}

function picture(surface: number, width: number, height: number, configureSerial: number, ofSession = session): void {
  const shown = { serial: 1, width, height, scale: 1, logicalWidth: width, logicalHeight: height };
  const data = {
    type: "frameChanged",
    session: ofSession,
    surface,
    frame: { ...shown, geometry: null, configureSerial },
  };
  worker.onmessage?.({ data: data as unknown as FromCompositor });
}

/** Changes of visibility that the compositor was sent since the last call: "+1" and "-1" for surface 1. */
function seen(): string[] {
  return worker.heard
    .splice(0)
    .flatMap((message) => (message.type === "visibility" ? `${message.isVisible ? "+" : "-"}${message.surface}` : []));
}

const windowOf = (n: number): DesktopWindow | undefined => wm.getState().windows[windowId(n)];

beforeEach(() => {
  mayTakeFocus = true;
  remembered = null;
  asked.length = 0;
  dispatch({ type: "vmGone", vm: VM });
  dispatch({ type: "vmGone", vm: OTHER });
  dispatch({ type: "workAreaChanged", workArea: { x: 0, y: 34, width: 1440, height: 866 } });
  port = attach();
});

describe("a window", () => {
  it("is asked once before its first frame and once after it, and then only when something changes", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    expect(port.configures()).toMatchObject([{ serial: 1, width: 0, height: 0, states: 0, boundsWidth: 1438 }]);
    expect(windowOf(1)?.isMapped).toBe(false);
    picture(1, 600, 400, 1);
    expect(windowOf(1)?.isMapped).toBe(true);
    const { x, y } = contentOf(windowOf(1) as DesktopWindow, wm.getState().workArea);
    expect(port.configures()).toMatchObject([{ serial: 2, width: 600, height: 400, states: 1, x, y }]);
    picture(1, 600, 400, 2);
    expect(port.configures()).toEqual([]);
  });

  it("has one more configure for a maximise, and its frame waits for the answer", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    port.configures();
    dispatch({ type: "place", id: windowId(1), placement: "maximized" });
    expect(port.configures()).toMatchObject([{ serial: 3, width: 1438, height: 829, states: 3, x: 1, y: 70 }]);
    picture(1, 600, 400, 2);
    expect(windowOf(1)?.shownAs).toBe("free");
    picture(1, 1438, 829, 3);
    expect(windowOf(1)?.shownAs).toBe("maximized");
    expect(port.configures()).toEqual([]);
  });

  it("gets its frame all the same when its program does not answer", () => {
    vi.useFakeTimers();
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    dispatch({ type: "place", id: windowId(1), placement: "left" });
    vi.advanceTimersByTime(1_000);
    expect(windowOf(1)?.shownAs).toBe("left");
    vi.useRealTimers();
  });

  it("is never asked for a size that its program cannot have", () => {
    const hints = { minWidth: null, minHeight: null, maxWidth: 800, maxHeight: 500 };
    port.say({ type: "windowOpened", window: guest(1, { hints }) });
    picture(1, 600, 400, 1);
    port.configures();
    dispatch({ type: "place", id: windowId(1), placement: "maximized" });
    expect(port.configures()).toMatchObject([{ width: 800, height: 500 }]);
  });

  it("counts as started once for each launch", () => {
    for (const n of [1, 2]) {
      port.say({ type: "windowOpened", window: guest(n, { launch: 7 }), launchAgeMs: 500 });
      picture(n, 600, 400, 1);
    }
    expect(asked).toEqual([
      { window: windowId(1), isStarted: true },
      { window: windowId(2), isStarted: false },
    ]);
  });

  it("knows when its launch was asked for, by the age that the link says", () => {
    port.say({ type: "windowOpened", window: guest(1, { launch: 7 }), launchAgeMs: 500 });
    picture(1, 600, 400, 1);
    // An age that counted for nothing, or the other way round, is later than this.
    expect(launchedAt).toBeLessThanOrEqual(performance.now() - 500);
  });

  it("is not started by a launch of which the link knows no age", () => {
    port.say({ type: "windowOpened", window: guest(1, { launch: 8 }) });
    picture(1, 600, 400, 1);
    expect(asked).toEqual([{ window: windowId(1), isStarted: false }]);
  });

  it("that may not take focus leaves the keyboard where it is", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    expect(port.heard).toContainEqual({ type: "keyboardFocus", surface: 1 });
    mayTakeFocus = false;
    port.heard.length = 0;
    port.say({ type: "windowOpened", window: guest(2) });
    picture(2, 600, 400, 1);
    expect(port.heard.some(({ type }) => type === "keyboardFocus")).toBe(false);
    expect(windowOf(2)?.needsAttention).toBe(true);
  });

  it("that is minimised is not drawn, and draws again when it is shown", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    worker.heard.length = 0;
    dispatch({ type: "minimize", id: windowId(1) });
    dispatch({ type: "focus", id: windowId(1) });
    expect(seen()).toEqual(["-1", "+1"]);
  });

  it("that comes back minimised is not drawn, but for its first frame", () => {
    const free = { x: 200, y: 150, width: 600, height: 400 };
    const back = { above: [], wasFocused: false };
    remembered = { free, placement: "free", isMinimized: true, keepsSize: true, back };
    mayTakeFocus = false;
    worker.heard.length = 0;
    port.say({ type: "windowOpened", window: guest(1) });
    expect(seen()).toEqual([]);
    picture(1, 600, 400, 1);
    expect(seen()).toEqual(["-1"]);
  });

  it("that is minimised keeps what opens on it from drawing, until it is shown", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    dispatch({ type: "minimize", id: windowId(1) });
    worker.heard.length = 0;
    const rect = { x: 0, y: 0, width: 9, height: 9 };
    port.say({ type: "subsurfaceOpened", surface: id(2), parent: id(1) });
    port.say({ type: "popupOpened", popup: { surface: id(3), kind: "x11", parent: id(1), rect, grab: false } });
    port.say({ type: "subsurfaceOpened", surface: id(4), parent: id(3) });
    expect(seen()).toEqual(["-2", "-3", "-4"]);
    dispatch({ type: "focus", id: windowId(1) });
    expect(seen().toSorted()).toEqual(["+1", "+2", "+3", "+4"]);
  });
});

it("a link's fence is answered once everything before it has been handled", () => {
  port.say({ type: "windowOpened", window: guest(1) });
  port.say({ type: "fence" });
  expect(port.heard.map(({ type }) => type)).toEqual(["configure", "fenceReached"]);
});

describe("a popup", () => {
  const open = (grab: boolean): void => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    const rect = { x: 10, y: 390, width: 200, height: 300 };
    port.say({ type: "popupOpened", popup: { surface: id(2), kind: "wayland", parent: id(1), rect, grab } });
  };

  it("is shown with its first frame, as large as that, and goes with its window", () => {
    open(true);
    const popups = () => links.find(windowId(1))?.session.popups.shownOn(id(1));
    expect(popups()).toEqual([]);
    picture(2, 180, 250, 0);
    expect(popups()).toEqual([{ x: 10, y: 390, width: 180, height: 250 }]);
    port.say({ type: "surfaceClosed", surface: id(1) });
    expect(windowOf(1)).toBeUndefined();
    expect(document.querySelector(".popup")).toBeNull();
  });

  it("ends when its window loses focus, but for a hint without a grab", () => {
    const sizes = [
      { grab: true, height: 90, ends: true },
      { grab: false, height: 250, ends: true },
      { grab: false, height: 90, ends: false },
    ];
    for (const { grab, height, ends } of sizes) {
      open(grab);
      picture(2, 180, height, 0);
      port.heard.length = 0;
      dispatch({ type: "focus", id: null });
      const dismissed = port.heard.filter(({ type }) => type === "dismissPopup");
      expect(dismissed).toEqual(ends ? [{ type: "dismissPopup", surface: 2 }] : []);
      port.say({ type: "surfaceClosed", surface: id(1) });
    }
  });

  it("without a grab does not open, nor grow out of a hint, on a window without focus", () => {
    open(false);
    dispatch({ type: "focus", id: null });
    picture(2, 180, 90, 0);
    const shown = () => links.find(windowId(1))?.session.popups.shownOn(id(1));
    expect(shown()).toHaveLength(1);
    picture(2, 180, 250, 0);
    expect(shown()).toEqual([]);
    expect(port.heard.at(-1)).toEqual({ type: "dismissPopup", surface: 2 });
  });

  it("of X11 that is no menu is taken off the screen without a word: its program would end its menus for that", () => {
    open(true);
    picture(2, 180, 90, 0);
    const rect = { x: 10, y: 10, width: 300, height: 200 };
    port.say({ type: "popupOpened", popup: { surface: id(3), kind: "x11", parent: id(1), rect, grab: false } });
    picture(3, 300, 200, 0);
    port.heard.length = 0;
    dispatch({ type: "focus", id: null });
    expect(links.find(windowId(1))?.session.popups.shownOn(id(1))).toEqual([]);
    expect(port.heard.filter(({ type }) => type === "dismissPopup")).toEqual([{ type: "dismissPopup", surface: 2 }]);
  });

  it("follows its window: it is below the title bar wherever that is moved", () => {
    open(true);
    picture(2, 180, 250, 0);
    dispatch({ type: "moveTo", id: windowId(1), x: 600, y: 700 });
    // There is no room left below.
    expect(links.find(windowId(1))?.session.popups.shownOn(id(1))).toEqual([
      { x: 10, y: -287, width: 180, height: 250 },
    ]);
  });

  it("is one of sixteen of its VM at most, over all of its windows: the oldest is dismissed, and its program told", () => {
    open(true);
    picture(2, 180, 50, 0);
    const rect = { x: 10, y: 10, width: 9, height: 9 };
    for (let n = 3; n <= 18; n += 1) {
      port.say({ type: "popupOpened", popup: { surface: id(n), kind: "x11", parent: id(1), rect, grab: false } });
      picture(n, 9, 9, 0);
    }
    expect(links.find(windowId(1))?.session.popups.shownOn(id(1))).toHaveLength(16);
    expect(port.heard.filter(({ type }) => type === "dismissPopup")).toEqual([{ type: "dismissPopup", surface: 2 }]);
  });

  it("is dismissed where those of its VM together cover the screen too often", () => {
    open(true);
    dispatch({ type: "place", id: windowId(1), placement: "maximized" });
    picture(1, 1440, 830, port.configures().at(-1)?.serial ?? 0);
    const rect = { x: 0, y: 0, width: 1400, height: 580 };
    for (const n of [3, 4, 5]) {
      port.say({ type: "popupOpened", popup: { surface: id(n), kind: "x11", parent: id(1), rect, grab: false } });
      picture(n, rect.width, rect.height, 0);
    }
    const shown = links.find(windowId(1))?.session.popups.shownOn(id(1)) ?? [];
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThan(3);
  });
});

describe("a menu", () => {
  const openMenu = (): HTMLElement[] => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    const rect = { x: 10, y: 10, width: 200, height: 300 };
    port.say({ type: "popupOpened", popup: { surface: id(2), kind: "wayland", parent: id(1), rect, grab: true } });
    port.say({ type: "popupOpened", popup: { surface: id(3), kind: "wayland", parent: id(2), rect, grab: true } });
    for (const surface of [2, 3]) picture(surface, 180, 250, 0);
    const found = links.find(windowId(1));
    return [...(found?.surface.popups.querySelectorAll<HTMLElement>(".popup") ?? [])];
  };
  const shown = (): number | undefined => links.find(windowId(1))?.session.popups.shownOn(id(1)).length;

  it("is off the screen as soon as a person is done with it, and does not come back by drawing", () => {
    const [menu, inner] = openMenu();
    expect([shown(), menu?.hidden]).toEqual([2, false]);
    dispatch({ type: "focus", id: null });
    expect(port.heard.filter(({ type }) => type === "dismissPopup")).toEqual([{ type: "dismissPopup", surface: 2 }]);
    for (const surface of [2, 3]) picture(surface, 190, 250, 0);
    expect([shown(), menu?.hidden, inner?.hidden]).toEqual([0, true, true]);
  });

  it("goes when its VM is cut off or lost", () => {
    const [menu] = openMenu();
    port.say({ type: "closed", reason: "agent-lost", detail: "" });
    expect([shown(), menu?.parentElement]).toEqual([0, null]);
    expect(windowOf(1)?.frozen).not.toBeNull();
  });
});

describe("a VM whose channels are closed", () => {
  it("keeps its windows, frozen, hears nothing more, and another VM does not notice", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    const other = attach(OTHER);
    other.say({ type: "windowOpened", window: guest(1) });
    picture(1, 300, 200, 1);
    port.say({ type: "closed", reason: "protocol-violation", detail: "bad" });
    expect(port.isClosed).toBe(true);
    expect(windowOf(1)?.frozen).toEqual({ reason: "protocol-violation", detail: "bad" });
    expect(wm.getState().windows[windowIdOf(OTHER, id(1))]?.frozen).toBeNull();
    port.heard.length = 0;
    dispatch({ type: "focus", id: windowId(1) });
    dispatch({ type: "place", id: windowId(1), placement: "maximized" });
    expect(port.heard).toEqual([]);
    expect(links.close(windowId(1))).toBe(true);
    expect(windowOf(1)).toBeUndefined();
  });

  it("keeps its last frames however many new sessions begin without an agent", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    port.say({ type: "closed", reason: "agent-lost", detail: "" });
    const sessions = [begin(), begin(), begin()];
    expect(windowOf(1)?.frozen).not.toBeNull();
    expect(links.find(windowId(1))).toBeDefined();
    expect(sessions.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
    sessions[2]?.say({ type: "attached" });
    expect(windowOf(1)).toBeUndefined();
  });

  it("that comes back has its new windows in place of the frozen ones", () => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    port.say({ type: "closed", reason: "agent-lost", detail: "" });
    const again = attach();
    expect(windowOf(1)).toBeUndefined();
    again.say({ type: "windowOpened", window: guest(1) });
    picture(1, 600, 400, 1);
    expect(windowOf(1)?.frozen).toBeNull();
    // What still comes from the former session is ignored.
    picture(1, 999, 999, 1, session - 1);
    expect(windowOf(1)?.size).toEqual({ width: 600, height: 400 });
  });
});

it("of what has lost its pixels the guest is asked for all", () => {
  port.say({ type: "windowOpened", window: guest(1) });
  picture(1, 300, 200, 1);
  port.heard.length = 0;
  worker.onmessage?.({ data: { type: "refreshWanted", session, surface: 1 } as unknown as FromCompositor });
  expect(port.heard).toEqual([{ type: "refresh", surface: 1 }]);
});

describe("the windows of a VM", () => {
  const vm = (of: VmId, state: VmState): VmStatus => ({ id: of, state }) as VmStatus;

  beforeEach(() => {
    port.say({ type: "windowOpened", window: guest(1) });
    picture(1, 300, 200, 1);
    port.say({ type: "closed", reason: "agent-lost", detail: "" });
    if (windowOf(1)?.frozen == null) throw new Error("the window is not frozen");
  });

  it.each<[string, VmStatus[], boolean]>([
    ["that has crashed stay, frozen", [vm(VM, "crashed")], true],
    ["that was stopped go", [vm(VM, "stopped")], false],
    ["that is gone go: nobody knows its label any more", [vm(OTHER, "running")], false],
  ])("%s", (_what, vms, stay) => {
    links.follow(vms);
    expect(windowOf(1) !== undefined).toBe(stay);
    expect(port.isClosed).toBe(true);
  });
});
