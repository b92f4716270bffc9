// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import { Scene } from "../../compositor/scene.ts";
import type { LinkSessionId } from "../../compositor/worker/messages.ts";
import { CursorGuard } from "./cursor-guard.ts";

const scene = new Scene(1 as LinkSessionId, { open: () => undefined } as unknown as Compositor);
const canvas = scene.open(1 as SurfaceId, "window", null)?.canvas ?? expect.unreachable("no surface");
const bar = document.createElement("header");
bar.className = "title-bar";
const button = bar.appendChild(document.createElement("button"));
/** A title bar 36 high at the top, with a button at its right, and the guest's surface below it. */
const page = {
  documentElement: document.documentElement,
  elementFromPoint: (x: number, y: number) => (y < 0 ? null : y >= 36 ? canvas : x < 500 ? bar : button),
};
let due: (() => void)[];
let guard: CursorGuard;
const pointer = new EventTarget();

beforeEach(() => {
  due = [];
  guard = new CursorGuard(page, (look) => due.push(look));
  guard.follow(pointer);
});

function isHosts(): boolean {
  for (const look of due.splice(0)) look();
  return "hostCursor" in document.documentElement.dataset;
}

function moveTo(clientX: number, clientY: number): boolean {
  pointer.dispatchEvent(Object.assign(new Event("pointermove"), { clientX, clientY }));
  return isHosts();
}

it("a guest's cursor is not shown where its picture would lie over the host's title bar", () => {
  scene.setCursor("x", { left: 4, top: 31, right: 28, bottom: 1 });
  expect(moveTo(100, 200)).toBe(false);
  expect(moveTo(100, 60)).toBe(true);
  expect(moveTo(490, 60)).toBe(true);
  expect(moveTo(100, 68)).toBe(false);
});

it("a cursor that reaches the other way, and one of the host's own, are", () => {
  scene.setCursor("x", { left: 4, top: 0, right: 28, bottom: 32 });
  expect(moveTo(100, 40)).toBe(false);
  scene.setCursor("text", null);
  expect(moveTo(100, 37)).toBe(false);
});

it.each([
  ...["title-bar", "top-bar", "dock", "fullscreen-strip", "launcher", "switcher", "overlay-layer"],
  ...["sheet-layer", "paste-bars", "ask-bar", "crossing-notices", "frozen-badge"],
])("a guest's cursor is not shown over the host's .%s", (part) => {
  const was = bar.className;
  bar.className = part;
  scene.setCursor("x", { left: 4, top: 31, right: 28, bottom: 1 });
  expect(moveTo(100, 60)).toBe(true);
  bar.className = was;
});

it("one that changes under a resting pointer is looked at as well, once in a frame", () => {
  scene.setCursor("text", null);
  expect(moveTo(100, 40)).toBe(false);
  scene.setCursor("x", { left: 4, top: 31, right: 28, bottom: 1 });
  guard.changed();
  guard.changed();
  expect(due).toHaveLength(1);
  expect(isHosts()).toBe(true);
});
