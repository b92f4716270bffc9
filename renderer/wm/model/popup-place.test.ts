import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import type { Rect } from "#shared/model/window.ts";
import { contentIn, FRAMES, intersection, titleBarOf } from "./geometry.ts";
import { isTooltipSized, placePopup, type PopupOwner } from "./popup-place.ts";

const area = { x: 0, y: 34, width: 1440, height: 866 };
const content = { x: 500, y: 300, width: 400, height: 300 };
const owner: PopupOwner = { content, frame: FRAMES.full, popups: [] };
const onPage = (popup: Rect, of: Rect): Rect => ({ ...popup, x: popup.x + of.x, y: popup.y + of.y });

describe("a popup", () => {
  it("is shown where its program wants it, outside of its window too", () => {
    const menu = { x: 10, y: 290, width: 200, height: 250 };
    expect(placePopup(menu, owner, area)).toEqual({ whole: menu, shown: menu });
  });

  it("stays near its window, wherever the guest wants it", () => {
    const far = placePopup({ x: 30_000, y: 30_000, width: 50, height: 50 }, owner, area);
    expect(far.whole).toMatchObject({ x: 560, y: 460 });
  });

  it("may be as far from another popup of its window: a submenu does not cover its menu", () => {
    const menu = { x: 390, y: 60, width: 150, height: 200 };
    const submenu = { x: 540, y: 80, width: 150, height: 200 };
    const third = { x: 690, y: 100, width: 150, height: 200 };
    expect(placePopup(third, owner, area).shown.x).toBeLessThan(third.x);
    expect(placePopup(third, { ...owner, popups: [menu, submenu] }, area).shown).toEqual(third);
  });

  it("moves into the work area where it fits, so that the label's border is seen on all sides", () => {
    const menu = { x: 700, y: 100, width: 400, height: 300 };
    const inside = { ...menu, x: 1440 - 1 - 400 - 500 };
    expect(placePopup(menu, owner, area)).toEqual({ whole: inside, shown: inside });
  });

  it("is below its window's title bar, and above it where there is more room", () => {
    const over = { x: -10, y: -160, width: 300, height: 200 };
    expect(placePopup(over, owner, area).shown).toEqual({ ...over, y: 1 });
    const low = { ...owner, content: { ...content, y: 800 } };
    expect(placePopup(over, low, area).shown).toEqual({ ...over, y: -36 - 1 - 200 });
    expect(placePopup({ ...over, y: 0, height: 50 }, low, area).shown).toMatchObject({ y: 1, height: 50 });
  });

  it("is cut where there is no room for all of it", () => {
    const list = { x: 10, y: 20, width: 300, height: 2000 };
    expect(placePopup(list, owner, area)).toEqual({
      whole: { ...list, y: 1 },
      shown: { x: 10, y: 1, width: 300, height: 900 - 1 - 301 },
    });
  });

  it("lies in the work area with its border, off its title bar, and never covers most of it, whatever the guest says", () => {
    const number = fc.integer({ min: -40_000, max: 40_000 });
    const side = fc.integer({ min: 1, max: 8192 });
    const rect = fc.record({ x: number, y: number, width: side, height: side });
    const place = { x: fc.integer({ min: -4000, max: 1400 }), y: fc.integer({ min: 34 + 27, max: 900 }) };
    const window = fc.record({ ...place, width: side, height: side });
    const frames = fc.constantFrom(FRAMES.full, FRAMES.compact, FRAMES.slim);
    fc.assert(
      fc.property(rect, window, frames, fc.array(rect, { maxLength: 3 }), (popup, at, frame, popups) => {
        // keepReachable() has put it there.
        const own = { ...at, y: Math.max(at.y, area.y + frame.top) };
        const page = onPage(placePopup(popup, { content: own, frame, popups }, area).shown, own);
        expect(page.x).toBeGreaterThan(area.x);
        expect(page.y).toBeGreaterThan(area.y);
        expect(page.x + page.width).toBeLessThan(area.x + area.width);
        expect(page.y + page.height).toBeLessThan(area.y + area.height);
        expect(Math.min(page.width, page.height)).toBeGreaterThanOrEqual(1);
        expect(page.width * page.height).toBeLessThanOrEqual((area.width * area.height * 2) / 3);
        expect(intersection(page, titleBarOf(own, frame))).toBeNull();
      }),
      tries(1_000),
    );
  });

  it("of a window that fills the screen leaves the label's colour on all sides", () => {
    const full = contentIn({ x: 0, y: 0, width: 1440, height: 900 }, FRAMES.edge);
    const all = { x: -100, y: -100, width: 3000, height: 500 };
    const { shown } = placePopup(all, { content: full, frame: FRAMES.edge, popups: [] }, full);
    expect(onPage(shown, full)).toEqual({ x: 4, y: 4, width: 1432, height: 500 });
  });
});

it("what is as small as a hint of a few lines counts as one", () => {
  expect(isTooltipSized({ width: 480, height: 96 })).toBe(true);
  expect(isTooltipSized({ width: 481, height: 20 })).toBe(false);
  expect(isTooltipSized({ width: 200, height: 97 })).toBe(false);
});
