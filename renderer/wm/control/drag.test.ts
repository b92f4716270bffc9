// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { Size, WindowId } from "#shared/model/window.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import { Keyboard } from "../../input/keyboard.ts";
import type { Pointer } from "../../input/pointer.ts";
import type { Links } from "./links.ts";
import { Drag } from "./drag.ts";
import type { Effects } from "./effects.ts";
import { ActivityTracker } from "../../input/activity.ts";
import { createWmOverlayStore } from "../model/overlays.ts";
import type { DesktopWindow } from "../model/state.ts";
import { createWmStore } from "../model/store.ts";

const VM = "home" as VmId;
const ID = "w.1" as WindowId;
const page = new EventTarget();
const requested: Size[] = [];
const wm = createWmStore();
const { dispatch } = wm;
const overlays = createWmOverlayStore();
let isHeld = false;
const keyboard = new Keyboard(
  new ActivityTracker(),
  { superTapped: () => undefined, pastePressed: () => undefined, shortcutPressed: () => undefined },
  page,
);
const drag = new Drag({
  wm,
  overlays,
  links: { find: () => undefined } as unknown as Links,
  effects: { requestSize: (_id: WindowId, size: Size) => void requested.push(size) } as unknown as Effects,
  pointer: {
    pressedWindow: null,
    setHeldByHost: (_holder: string, held: boolean) => {
      isHeld = held;
    },
  } as unknown as Pointer,
  keyboard,
});

const guest: GuestWindow = {
  surface: 1 as SurfaceId,
  kind: "wayland",
  pid: null,
  launch: null,
  title: "",
  appId: "",
  parent: null,
  modal: false,
  hints: { minWidth: 200, minHeight: null, maxWidth: null, maxHeight: null },
  clientDecorated: false,
};
const pointer = (type: string, clientX: number, clientY: number): void =>
  void window.dispatchEvent(new PointerEvent(type, { clientX, clientY }));
const press = (code: string, shiftKey = false): void =>
  void page.dispatchEvent(new KeyboardEvent("keydown", { code, key: code, shiftKey }));
const current = (): DesktopWindow | undefined => wm.getState().windows[ID];

beforeEach(() => {
  drag.cancel();
  dispatch({ type: "vmGone", vm: VM });
  dispatch({ type: "workAreaChanged", workArea: { x: 0, y: 34, width: 1440, height: 866 } });
  dispatch({ type: "opened", id: ID, vm: VM, guest });
  dispatch({ type: "mapped", id: ID, size: { width: 600, height: 400 }, takesFocus: true, remembered: null });
  dispatch({ type: "moveTo", id: ID, x: 300, y: 200 });
  requested.length = 0;
});

describe("a move", () => {
  it("begins when the pointer really moves, and ends with the button", () => {
    pointer("pointerdown", 400, 180);
    drag.move(ID);
    expect(isHeld).toBe(true);
    pointer("pointermove", 402, 181);
    expect(current()?.free).toMatchObject({ x: 300, y: 200 });
    pointer("pointermove", 450, 230);
    expect(current()?.free).toMatchObject({ x: 350, y: 250 });
    pointer("pointerup", 450, 230);
    pointer("pointermove", 700, 400);
    expect(current()?.free).toMatchObject({ x: 350, y: 250 });
    expect(isHeld).toBe(false);
  });

  it("to an edge shows where the window will go, and puts it there", () => {
    pointer("pointerdown", 400, 180);
    drag.move(ID);
    pointer("pointermove", 1439, 300);
    expect(overlays.getState().snap).toEqual({ x: 720, y: 34, width: 720, height: 866 });
    pointer("pointermove", 1200, 300);
    expect(overlays.getState().snap).toBeNull();
    pointer("pointermove", 700, 34);
    pointer("pointerup", 700, 34);
    expect(current()?.placement).toBe("maximized");
    expect(overlays.getState().snap).toBeNull();
  });

  it("is taken back by Escape, to a maximised window's place as well", () => {
    dispatch({ type: "place", id: ID, placement: "maximized" });
    dispatch({ type: "sized", id: ID, size: { width: 1438, height: 829 }, isAnswer: true });
    pointer("pointerdown", 400, 50);
    drag.move(ID);
    pointer("pointermove", 600, 300);
    expect(current()?.placement).toBe("free");
    press("Escape");
    expect(current()).toMatchObject({ placement: "maximized", free: { x: 300, y: 200 } });
  });

  it.each(["Enter", "NumpadEnter"])("with arrow keys goes by steps, finer with Shift, until %s", (end) => {
    drag.moveByKeys(ID);
    press("ArrowRight");
    press("ArrowUp", true);
    expect(current()?.free).toMatchObject({ x: 324, y: 199 });
    press(end);
    press("ArrowRight");
    expect(current()?.free).toMatchObject({ x: 324, y: 199 });
  });
});

describe("a resize", () => {
  it("asks for what the program can be, and holds the edges", () => {
    pointer("pointerdown", 300, 400);
    drag.resize(ID, { top: false, bottom: false, left: true, right: false });
    expect(current()?.held).toMatchObject({ kind: "resize", edges: { left: true } });
    pointer("pointermove", 250, 400);
    pointer("pointermove", 2000, 400);
    expect(requested).toEqual([
      { width: 650, height: 400 },
      { width: 200, height: 400 },
    ]);
  });

  it("by any part takes the nearest corner", () => {
    pointer("pointerdown", 310, 590);
    drag.resizeNearest(ID);
    expect(current()?.held).toEqual({
      kind: "resize",
      edges: { top: false, bottom: true, left: true, right: false },
    });
  });

  it("is not for windows that fill the screen or are frozen", () => {
    dispatch({ type: "freeze", vm: VM, frozen: { reason: "agent-lost", detail: "" } });
    drag.resize(ID, { top: false, bottom: true, left: false, right: true });
    expect(current()?.held).toBeNull();
    expect(isHeld).toBe(false);
  });
});

it("a window that its program closes in the person's hand lets go of keys and pointer", () => {
  drag.moveByKeys(ID);
  dispatch({ type: "closed", id: ID });
  expect(isHeld).toBe(false);
  expect(document.documentElement.dataset["gesture"]).toBeUndefined();
});
