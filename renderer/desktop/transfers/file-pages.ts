/** Which pages of a long list of files are seen. Pure. */

/** Of a row, CSS pixels. */
export const FILE_ROW_PX = 32;
/** Rows that are asked for at once. */
export const FILES_PER_PAGE = 50;
/** Drawn beyond what is seen, so that scrolling finds rows there. */
const BEYOND_PX = 10 * FILE_ROW_PX;

export interface FilePage {
  /** Of its first row in the list. */
  offset: number;
  /** Rows that it has, at most FILES_PER_PAGE. */
  count: number;
  topPx: number;
}

interface Seen {
  scrolledPx: number;
  /** Height of what is seen. */
  seenPx: number;
  /** Rows of the list. */
  total: number;
}

export function pagesIn({ scrolledPx, seenPx, total }: Seen): readonly FilePage[] {
  if (total === 0) return [];
  const pagePx = FILES_PER_PAGE * FILE_ROW_PX;
  const lastPage = Math.floor((total - 1) / FILES_PER_PAGE);
  // The list may have become shorter than it was scrolled.
  const first = Math.min(lastPage, Math.max(0, Math.floor((scrolledPx - BEYOND_PX) / pagePx)));
  const last = Math.min(lastPage, Math.max(first, Math.floor((scrolledPx + seenPx + BEYOND_PX) / pagePx)));
  return Array.from({ length: last - first + 1 }, (_, at) => {
    const offset = (first + at) * FILES_PER_PAGE;
    return { offset, count: Math.min(FILES_PER_PAGE, total - offset), topPx: offset * FILE_ROW_PX };
  });
}
