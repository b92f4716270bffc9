/**
 * Where windows may be. Pure. Rectangles are content rectangles in DOM pixels of the page unless a name says otherwise:
 * the host's frame lies around them.
 */
import type { Rect, Size, SizeHints } from "#shared/model/window.ts";

/** The host's frame around a content rectangle: title bar with the label's line on top, a border elsewhere. */
export const FRAME = { top: 36, side: 1, bottom: 1 } as const;
export const TOP_BAR_HEIGHT = 34;
/** Room that new windows leave for the dock. */
export const DOCK_HEIGHT = 76;
/** A frame is never narrower: tag and buttons have room. */
export const MIN_FRAME_WIDTH = 200;
/** So much of a title bar stays within the work area, sideways. */
export const MIN_REACHABLE = 96;
/** Smallest content that a person can make by dragging an edge. */
const MIN_CONTENT: Size = { width: 120, height: 40 };
const MAX_SIDE = 16_384;

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** Frame and content. */
export function outerOf(content: Rect): Rect {
  const width = Math.max(content.width + 2 * FRAME.side, MIN_FRAME_WIDTH);
  return {
    x: content.x - FRAME.side,
    y: content.y - FRAME.top,
    width,
    height: content.height + FRAME.top + FRAME.bottom,
  };
}

/** Content of a frame that fills `outer`. */
export function contentIn(outer: Rect): Rect {
  return {
    x: outer.x + FRAME.side,
    y: outer.y + FRAME.top,
    width: Math.max(1, outer.width - 2 * FRAME.side),
    height: Math.max(1, outer.height - FRAME.top - FRAME.bottom),
  };
}

export function titleBarOf(content: Rect): Rect {
  return { ...outerOf(content), height: FRAME.top };
}

export function intersection(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

function areaOf(rect: Rect | null): number {
  return rect === null ? 0 : rect.width * rect.height;
}

/** The same size at the nearest place where its title bar can be reached: never above the work area, never beside it. */
export function keepReachable(content: Rect, workArea: Rect): Rect {
  const bar = titleBarOf(content);
  const reach = Math.min(MIN_REACHABLE, bar.width, workArea.width);
  const x = clamp(bar.x, workArea.x + reach - bar.width, workArea.x + workArea.width - reach);
  const lowest = Math.max(workArea.y, workArea.y + workArea.height - FRAME.top);
  const y = clamp(bar.y, workArea.y, lowest);
  return { ...content, x: Math.round(x + FRAME.side), y: Math.round(y + FRAME.top) };
}

/** A size that the program says it can have; a bound of nonsense (least above most) gives the least. */
export function clampSize(size: Size, hints: SizeHints): Size {
  const side = (value: number, least: number | null, most: number | null): number =>
    Math.round(clamp(Math.max(least ?? 1, Math.min(value, most ?? MAX_SIDE)), 1, MAX_SIDE));
  return {
    width: side(size.width, hints.minWidth, hints.maxWidth),
    height: side(size.height, hints.minHeight, hints.maxHeight),
  };
}

export interface Edges {
  top: boolean;
  bottom: boolean;
  left: boolean;
  right: boolean;
}

/** Size that a window shall have when the pointer has moved by (dx, dy) with these edges in hand. */
export function sizeAfterDrag(start: Size, edges: Edges, dx: number, dy: number, hints: SizeHints): Size {
  const width = start.width + (edges.right ? dx : edges.left ? -dx : 0);
  const height = start.height + (edges.bottom ? dy : edges.top ? -dy : 0);
  return clampSize({ width: Math.max(width, MIN_CONTENT.width), height: Math.max(height, MIN_CONTENT.height) }, hints);
}

/** Content of a maximised window, or of one that fills half of the work area. */
export function fill(workArea: Rect, part: "all" | "left" | "right"): Rect {
  const half = Math.floor(workArea.width / 2);
  if (part === "left") return contentIn({ ...workArea, width: half });
  if (part === "right") return contentIn({ ...workArea, x: workArea.x + half, width: workArea.width - half });
  return contentIn(workArea);
}

/** The part of the work area where new windows go. */
export function placementArea(workArea: Rect): Rect {
  return { ...workArea, height: Math.max(FRAME.top, workArea.height - DOCK_HEIGHT) };
}

const STEP = 32;
/** New windows keep off the edges by this. */
const MARGIN = 24;
/** A window goes a pixel out of the middle to spare others so many covered ones. */
const PX2_PER_STEP_ASIDE = 300;

/** A place for a new window: where it covers least of the others, nearest to the middle; on its parent when it is a dialog. */
export function place(size: Size, workArea: Rect, others: readonly Rect[], parent: Rect | null): Rect {
  const area = placementArea(workArea);
  const outer = outerOf({ x: 0, y: 0, ...size });
  const at = (x: number, y: number): Rect => keepReachable(contentAt(x, y, size), workArea);
  if (parent !== null) {
    const around = outerOf(parent);
    return at(
      around.x + (around.width - outer.width) / 2,
      Math.max(area.y, around.y + (around.height - outer.height) / 3),
    );
  }
  const marginX = Math.max(0, Math.min(MARGIN, (area.width - outer.width) / 2));
  const marginY = Math.max(0, Math.min(MARGIN, (area.height - outer.height) / 2));
  const left = area.x + marginX;
  const top = area.y + marginY;
  const spareX = Math.max(0, area.width - outer.width - 2 * marginX);
  const spareY = Math.max(0, area.height - outer.height - 2 * marginY);
  const middle = { x: left + spareX / 2, y: top + spareY / 2 };
  let best = at(middle.x, middle.y);
  let bestCost = Number.POSITIVE_INFINITY;
  const taken = new Set(others.map((other) => `${other.x},${other.y}`));
  for (let row = 0; row <= 8; row += 1) {
    for (let column = 0; column <= 8; column += 1) {
      const candidate = at(left + (spareX * column) / 8, top + (spareY * row) / 8);
      const box = outerOf(candidate);
      let covered = 0;
      for (const other of others) covered += areaOf(intersection(box, outerOf(other)));
      const distance = Math.hypot(box.x - middle.x, box.y - middle.y);
      const cost = covered + distance * PX2_PER_STEP_ASIDE + (taken.has(`${candidate.x},${candidate.y}`) ? 1e9 : 0);
      if (cost < bestCost) {
        bestCost = cost;
        best = candidate;
      }
    }
  }
  // All places are taken (no room to choose): step down from the newest window, as cards in a hand.
  const newest = others.at(-1);
  if (bestCost >= 1e9 && newest !== undefined)
    best = keepReachable({ ...best, x: newest.x + STEP, y: newest.y + STEP }, area);
  return best;
}

function contentAt(outerX: number, outerY: number, size: Size): Rect {
  return {
    x: Math.round(outerX) + FRAME.side,
    y: Math.round(outerY) + FRAME.top,
    width: size.width,
    height: size.height,
  };
}

/** How far a popup may stand off its window. */
const POPUP_REACH = 160;

/**
 * Where a popup is shown, relative to the content of `owner` (page coordinates): near its window, whatever the guest
 * says, and with a part of it in the work area.
 */
export function keepPopupNear(popup: Rect, owner: Rect): Rect {
  const x = clamp(popup.x, -POPUP_REACH - popup.width, owner.width + POPUP_REACH);
  const y = clamp(popup.y, -POPUP_REACH - popup.height, owner.height + POPUP_REACH);
  return { ...popup, x, y };
}
