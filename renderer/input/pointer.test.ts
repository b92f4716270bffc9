// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import { type SurfaceId, type WindowId, windowIdOf } from "#shared/model/window.ts";
import type { Compositor } from "../compositor/compositor.ts";
import { Scene, type SceneSurface } from "../compositor/scene.ts";
import type { LinkSessionId } from "../compositor/worker/messages.ts";
import { ActivityTracker } from "./activity.ts";
import { ICON_DRAG_TYPE } from "./icon-drag.ts";
import { Pointer, type PointerSession } from "./pointer.ts";
import { PointerLock } from "./pointer-lock.ts";

const compositor = { open: () => undefined, forget: () => undefined } as unknown as Compositor;
const id = (n: number): SurfaceId => n as SurfaceId;

/** A VM with one window (surface 1), as the pointer sees it; writes down what it is sent. */
class Guest implements PointerSession {
  readonly heard: string[] = [];
  readonly scene = new Scene(1 as LinkSessionId, compositor);
  readonly window: SceneSurface;
  menu: SceneSurface | null = null;
  readonly vm: VmId;
  readonly popups = { firstGrab: () => this.menu };
  dismissMenu(): void {
    if (this.menu !== null) this.heard.push(`dismiss ${this.menu.id}`);
  }

  constructor(name: string) {
    this.vm = `${name}-0000-0000` as VmId;
    this.window = this.open(1, "window");
  }

  open(surface: number, role: "window" | "popup"): SceneSurface {
    const opened = this.scene.open(id(surface), role, role === "popup" ? id(1) : null);
    if (opened === null) throw new Error("not opened");
    document.body.append(opened.node);
    return opened;
  }

  windowIdOf(surface: SurfaceId): WindowId {
    return windowIdOf(this.vm, surface);
  }

  send(command: LinkCommand): void {
    switch (command.type) {
      case "pointerMotion":
        return void this.heard.push(`${command.surface}@${command.xFixed / 256},${command.yFixed / 256}`);
      case "pointerButton":
        return void this.heard.push(`${command.pressed ? "+" : "-"}${command.button.toString(16)}`);
      case "pointerLeft":
        return void this.heard.push("left");
      case "pointerAxis":
        return void this.heard.push(`axis ${command.x120},${command.y120}`);
      default:
        throw new Error(`the pointer sent ${command.type}`);
    }
  }

  said(): string {
    return this.heard.splice(0).join(" ");
  }
}

let home: Guest;
let web: Guest;
let activity: ActivityTracker;
let pointer: Pointer;
let pressed: WindowId[];
/** Where the middle button was told of, and what that VM had got before. */
let middles: string[];
let hostTakes: boolean;
let below: Element | null;
/** Each test's pointer listens to the page: those of former tests must not. */
const controller = { current: new AbortController() };
const listen = window.addEventListener.bind(window);

beforeEach(() => {
  controller.current.abort();
  controller.current = new AbortController();
  vi.spyOn(window, "addEventListener").mockImplementation((type: string, handler: unknown, options: unknown) =>
    listen(type as "blur", handler as () => void, {
      ...(typeof options === "object" ? options : {}),
      signal: controller.current.signal,
    }),
  );
  document.elementFromPoint = () => below;
  document.body.replaceChildren();
  home = new Guest("home");
  web = new Guest("webb");
  pressed = [];
  middles = [];
  hostTakes = false;
  below = null;
  const sessions = [home, web];
  const links = {
    sessionOf: (scene: Scene) => sessions.find((session) => session.scene === scene),
    sessions: () => sessions.values(),
  };
  activity = new ActivityTracker();
  const host = { element: document.documentElement, focused: () => null, locked: () => undefined };
  pointer = new Pointer(links, activity, new PointerLock(host), {
    pressed: (window) => {
      pressed.push(window);
      return hostTakes;
    },
    middlePressed: (window, session) => void middles.push(`${session.vm} ${window}: ${home.said()}`),
  });
});

interface At {
  x?: number;
  y?: number;
  button?: number;
  buttons?: number;
}

/** On an element: a guest's surface, or one of the host's own. */
function act(type: string, on: Element, { x = 0, y = 0, button = 0, buttons = 0 }: At = {}): Event {
  below = on;
  const init = { clientX: x, clientY: y, button, buttons, bubbles: true, cancelable: true };
  const event = type === "wheel" ? new WheelEvent(type, { ...init, deltaY: y }) : new PointerEvent(type, init);
  // happy-dom's wheel events have no place.
  if (type === "wheel") Object.assign(event, { clientX: x, clientY: y });
  on.dispatchEvent(event);
  return event;
}

const MOTION = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
const move = (on: Element, at?: At): Event => act(MOTION, on, { ...at, button: -1 });

describe("the pointer", () => {
  it("is known to the VM under it alone; another one hears that it left", () => {
    move(home.window.canvas, { x: 5, y: 7 });
    expect([home.said(), web.said()]).toEqual(["1@5,7", ""]);
    move(web.window.canvas, { x: 9, y: 1 });
    expect([home.said(), web.said()]).toEqual(["left", "1@9,1"]);
    move(document.body, { x: 300, y: 300 });
    expect([home.said(), web.said()]).toEqual(["", "left"]);
  });

  it("focuses the window that is pressed, and stays with it while the button is down", () => {
    const event = act("pointerdown", home.window.canvas, { x: 5, y: 7, buttons: 1 });
    expect(event.defaultPrevented).toBe(true);
    expect(pressed).toEqual(["home-000.1"]);
    expect(pointer.pressedWindow).toBe("home-000.1");
    expect(activity.last?.vm).toBe(home.vm);
    move(web.window.canvas, { x: 90, y: 10 });
    act("pointerup", web.window.canvas, { x: 90, y: 10 });
    expect(home.said()).toBe("1@5,7 +110 1@90,10 -110 left");
    expect(web.said()).toBe("1@90,10");
    expect(pointer.pressedWindow).toBeNull();
  });

  it("sends a second button, which the browser reports as a move", () => {
    act("pointerdown", home.window.canvas, { buttons: 1 });
    act("pointermove", home.window.canvas, { button: 2, buttons: 3 });
    act("pointermove", home.window.canvas, { button: 2, buttons: 1 });
    act("pointerup", home.window.canvas, { button: 0 });
    const buttons = home.said().split(" ");
    expect(buttons.filter((word) => /^[+-]/.test(word))).toEqual(["+110", "+111", "-111", "-110"]);
  });

  it("tells of the middle button, and of no other, before its VM gets it", () => {
    act("pointerdown", home.window.canvas, { button: 1, buttons: 4, x: 5, y: 7 });
    expect(middles).toEqual([`${home.vm} home-000.1: 1@5,7`]);
    expect(home.said()).toBe("+112");
    act("pointerup", home.window.canvas, { button: 1 });
    act("pointerdown", home.window.canvas, { buttons: 1 });
    act("pointerup", home.window.canvas);
    hostTakes = true;
    act("pointerdown", home.window.canvas, { button: 1, buttons: 4 });
    expect(middles).toHaveLength(1);
  });

  it("releases all buttons when the desktop loses focus or the host takes it", () => {
    act("pointerdown", home.window.canvas, { buttons: 1 });
    window.dispatchEvent(new Event("blur"));
    expect(home.said()).toBe("1@0,0 +110 -110 left");
    act("pointerdown", home.window.canvas, { buttons: 1 });
    pointer.setHeldByHost("gesture", true);
    expect(home.said()).toBe("1@0,0 +110 -110 left");
    move(home.window.canvas);
    act("pointerdown", home.window.canvas, { buttons: 1 });
    act("wheel", home.window.canvas, { y: 120 });
    expect(home.said()).toBe("");
  });

  it("returns to the guest only when every part of the host has released it", () => {
    pointer.setHeldByHost("gesture", true);
    pointer.setHeldByHost("prompt", true);
    pointer.setHeldByHost("gesture", false);
    move(home.window.canvas);
    expect(home.said()).toBe("");
    pointer.setHeldByHost("prompt", false);
    move(home.window.canvas);
    expect(home.said()).toBe("1@0,0");
  });

  it("gives a press that is the host's gesture to no guest", () => {
    hostTakes = true;
    act("pointerdown", home.window.canvas, { buttons: 1 });
    act("pointerup", home.window.canvas);
    expect(home.said().includes("110")).toBe(false);
    expect(pointer.pressedWindow).toBeNull();
  });

  it("scrolls what is under it, and never the page", () => {
    expect(act("wheel", web.window.canvas, { y: 60 }).defaultPrevented).toBe(true);
    expect(web.said()).toBe("1@0,60 axis 0,60");
    expect(act("wheel", document.body, { y: 60 }).defaultPrevented).toBe(false);
  });

  it("ends a menu when the press is outside its VM; inside it the program decides", () => {
    home.menu = home.open(2, "popup");
    act("pointerdown", web.window.canvas, { buttons: 1 });
    expect(home.said()).toBe("dismiss 2");
    act("pointerup", web.window.canvas);
    act("pointerdown", document.body, { buttons: 1 });
    expect(home.said()).toBe("dismiss 2");
    act("pointerdown", home.window.canvas, { buttons: 1 });
    expect(home.said()).toBe("1@0,0 +110");
  });

  it("goes from a window into its menu while the button is down: press, drag, release", () => {
    act("pointerdown", home.window.canvas, { buttons: 1 });
    home.menu = home.open(2, "popup");
    home.said();
    move(home.menu.canvas, { x: 3, y: 4 });
    act("pointerup", home.menu.canvas, { x: 3, y: 4 });
    expect(home.said()).toBe("2@3,4 -110 2@3,4");
  });
});

it.each([
  ["a picture or a text of the page", ["text/uri-list", "text/plain"], true],
  ["icons of the desktop", [ICON_DRAG_TYPE], false],
])("a drag of %s", (_what, types, isPrevented) => {
  const event = Object.assign(new Event("dragstart", { bubbles: true, cancelable: true }), { dataTransfer: { types } });
  document.body.dispatchEvent(event);
  expect(event.defaultPrevented).toBe(isPrevented);
});
