import { expect, it } from "vitest";
import { FILE_ROW_PX, FILES_PER_PAGE, pagesIn } from "./file-pages.ts";

const PAGE_PX = FILES_PER_PAGE * FILE_ROW_PX;

it.each<[string, number, number, readonly number[]]>([
  ["of nothing", 0, 0, []],
  ["of one row", 1, 0, [0]],
  ["at the top", 20_000, 0, [0]],
  ["at the end of the first page, the next one too", 20_000, PAGE_PX - 300, [0, 50]],
  ["in the middle", 20_000, 50.4 * PAGE_PX, [2_500]],
  ["at the end", 20_000, 400 * PAGE_PX - 300, [19_950]],
  ["scrolled further than it is long now", 70, 90 * PAGE_PX, [50]],
])("pages that are seen %s", (_case, total, scrolledPx, offsets) => {
  const pages = pagesIn({ scrolledPx, seenPx: 300, total });
  expect(pages.map(({ offset }) => offset)).toEqual(offsets);
  expect(pages.every(({ offset, topPx }) => topPx === offset * FILE_ROW_PX)).toBe(true);
});

it("the last page has what is left", () => {
  expect(pagesIn({ scrolledPx: 0, seenPx: 9e9, total: 120 }).map(({ count }) => count)).toEqual([50, 50, 20]);
});
