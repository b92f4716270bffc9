import fc from "fast-check";
import { expect, it } from "vitest";
import type { WindowId } from "#shared/model/window.ts";
import { toPage, toScreen } from "./screen-pixels.ts";

const ID = "01234567.1" as WindowId;
const shown = (content: { x: number; y: number; width: number; height: number }, popups = [content]) => ({
  windows: [{ id: ID, content, mode: "normal" as const, focused: true, frozen: false, popups }],
});

it("a window of the page is where its page is on the screen, in the screen's pixels", () => {
  const content = { x: 10, y: 36.4, width: 200, height: 100.2 };
  const place = { origin: { x: 1920, y: 0 }, scale: 1.5 };
  const onScreen = { x: 2895, y: 55, width: 300, height: 150 };
  expect(toScreen(shown(content), place)).toMatchObject([{ id: ID, content: onScreen, popups: [onScreen] }]);
});

it("what moves nothing is handed on as it is", () => {
  const command = { type: "focus", window: ID } as const;
  expect(toPage(command, { origin: { x: 5, y: 5 }, scale: 2 })).toBe(command);
});

it("a window that keeps its size is given none", () => {
  const command = { type: "move", window: ID, x: 30, y: 40, width: null, height: null } as const;
  expect(toPage(command, { origin: { x: 5, y: 5 }, scale: 2 })).toEqual({ ...command, x: 10, y: 15 });
});

it("a window that is moved to a place is there", () => {
  const pixels = fc.integer({ min: -32_767, max: 32_767 });
  const side = fc.integer({ min: 1, max: 16_384 });
  const scale = fc.constantFrom(1, 1.25, 1.5, 1.75, 2, 3);
  fc.assert(
    fc.property(pixels, pixels, side, side, pixels, pixels, scale, (x, y, width, height, left, top, scale) => {
      const place = { origin: { x: left, y: top }, scale };
      const moved = toPage({ type: "move", window: ID, x, y, width, height }, place);
      if (moved.type !== "move") return expect.unreachable();
      const content = { x: moved.x, y: moved.y, width: moved.width ?? 0, height: moved.height ?? 0 };
      // -0 is 0 here.
      expect(toScreen(shown(content), place)[0]?.content).toMatchObject({ x: x + 0, y: y + 0, width, height });
    }),
  );
});
