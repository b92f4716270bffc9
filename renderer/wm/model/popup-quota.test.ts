import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import type { SurfaceId } from "#shared/model/window.ts";
import { MAX_POPUP_SCREENS, MAX_POPUPS, popupsOverQuota, type ShownPopup } from "./popup-quota.ts";

const SCREEN = 1000;
const popup = (id: number, areaPx = 1, parent: number | null = null): ShownPopup => ({
  id: id as SurfaceId,
  parent: parent as SurfaceId | null,
  areaPx,
});
const several = (count: number): ShownPopup[] => Array.from({ length: count }, (_, at) => popup(at + 1));

describe("the popups of one VM", () => {
  it("may be as many, and cover the screen as often, as it takes", () => {
    expect(popupsOverQuota(several(MAX_POPUPS), SCREEN)).toEqual([]);
    expect(popupsOverQuota([popup(1, 750), popup(2, 750)], SCREEN)).toEqual([]);
  });

  it("go where there are more, the oldest first", () => {
    expect(popupsOverQuota(several(MAX_POPUPS + 1), SCREEN)).toEqual([1]);
    expect(popupsOverQuota([popup(1, 100), popup(2, 660), popup(3, 660), popup(4, 660)], SCREEN)).toEqual([1, 2]);
  });

  it("go with those that stand on them", () => {
    expect(popupsOverQuota([popup(1, 660), popup(2, 500, 1), popup(3, 660)], SCREEN)).toEqual([1]);
  });

  it("keep what the newest stands on; where that is too much already, the newest goes", () => {
    expect(popupsOverQuota([popup(1, 660), popup(2, 300, 1), popup(3, 660, 1)], SCREEN)).toEqual([2]);
    expect(popupsOverQuota([popup(1, 660), popup(2, 660, 1), popup(3, 660, 2)], SCREEN)).toEqual([3]);
  });

  it("are never more than the quota, whatever is opened", () => {
    const opened = fc.array(fc.record({ areaPx: fc.integer({ min: 1, max: 660 }), up: fc.nat(40) }), { maxLength: 60 });
    fc.assert(
      fc.property(opened, (list) => {
        let shown: ShownPopup[] = [];
        for (const [at, { areaPx, up }] of list.entries()) {
          shown.push(popup(at + 1, areaPx, shown[up]?.id ?? null));
          const gone = new Set(popupsOverQuota(shown, SCREEN));
          // Parents come before what stands on them.
          for (const { id, parent } of shown) if (parent !== null && gone.has(parent)) gone.add(id);
          shown = shown.filter(({ id }) => !gone.has(id));
          expect(shown.length).toBeLessThanOrEqual(MAX_POPUPS);
          expect(shown.reduce((sum, one) => sum + one.areaPx, 0)).toBeLessThanOrEqual(SCREEN * MAX_POPUP_SCREENS);
        }
      }),
      tries(200),
    );
  });
});
