// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { PointerLock } from "./pointer-lock.ts";

const [GAME, OTHER] = ["home.1" as WindowId, "web.2" as WindowId];
const SURFACE = 7 as SurfaceId;

/** The browser's part: a lock is granted by `answer`. */
class Page extends EventTarget {
  pointerLockElement: unknown = null;
  requests = 0;

  answer(): void {
    this.pointerLockElement = this;
    this.dispatchEvent(new Event("pointerlockchange"));
  }

  exitPointerLock(): void {
    if (this.pointerLockElement === null) return;
    this.pointerLockElement = null;
    this.dispatchEvent(new Event("pointerlockchange"));
  }
}

let page: Page;
let focused: WindowId | null;
let sent: LinkCommand[];
let told: WindowId[];
let lock: PointerLock;
const session = { send: (command: LinkCommand): void => void sent.push(command) };

beforeEach(() => {
  page = new Page();
  focused = GAME;
  sent = [];
  told = [];
  const requestPointerLock = (): void => void (page.requests += 1);
  const element = { ownerDocument: page, requestPointerLock } as unknown as HTMLElement;
  lock = new PointerLock({ element, focused: () => focused, locked: (window) => told.push(window) });
});

function held(): void {
  lock.want(session, SURFACE, GAME);
  lock.pressed(GAME);
  page.answer();
  expect(lock.isHeld).toBe(true);
}

describe("the pointer", () => {
  it("goes to a program that wants it with a person's press in its window, and the person is told", () => {
    lock.want(session, SURFACE, GAME);
    expect(page.requests).toBe(0);
    lock.pressed(OTHER);
    expect(page.requests).toBe(0);
    lock.pressed(GAME);
    page.answer();
    expect(sent).toEqual([{ type: "pointerLocked", surface: SURFACE }]);
    expect(told).toEqual([GAME]);
  });

  it("goes to a program that wants it because of a press just before, while its window has focus", () => {
    lock.pressed(GAME);
    lock.want(session, SURFACE, GAME);
    expect(page.requests).toBe(1);
    focused = OTHER;
    page.answer();
    expect(lock.isHeld).toBe(false);
    expect(page.pointerLockElement).toBeNull();
    expect(sent).toEqual([]);
  });

  it("moves without a place while it is locked, no further than the wire has", () => {
    held();
    lock.moved({ movementX: 10, movementY: -1e9, timeStamp: 5 } as MouseEvent);
    expect(sent.at(-1)).toMatchObject({ type: "pointerMoved", dxFixed: 2560, dyFixed: -0x7f_ffff });
  });

  it.each(["Meta", "Escape"])("is given back by %s, until the next press", (key) => {
    held();
    page.dispatchEvent(new KeyboardEvent("keydown", { key, code: key === "Meta" ? "MetaLeft" : key }));
    expect(lock.isHeld).toBe(false);
    expect(page.pointerLockElement).toBeNull();
    expect(sent.at(-1)).toEqual({ type: "pointerLocked", surface: null });
    expect(sent).toHaveLength(2);
    // However often the program wants it.
    for (let times = 0; times < 5; times += 1) lock.want(session, SURFACE, GAME);
    expect(page.requests).toBe(1);
    lock.pressed(GAME);
    expect(page.requests).toBe(2);
  });

  it("is given back when focus moves, when the program wants it no more, and when the browser ends the lock", () => {
    held();
    focused = OTHER;
    lock.focusChanged();
    expect(lock.isHeld).toBe(false);
    focused = GAME;
    held();
    lock.want(session, null, null);
    expect(lock.isHeld).toBe(false);
    held();
    page.exitPointerLock();
    expect(lock.isHeld).toBe(false);
    expect(sent.at(-1)).toEqual({ type: "pointerLocked", surface: null });
  });
});
