/**
 * Where windows may be. Pure. Rectangles are content rectangles in DOM pixels of the page unless a name says otherwise:
 * the host's frame lies around them.
 */
import { MAX_WINDOW_SIDE, type Rect, type Size, type SizeHints } from "#shared/model/window.ts";

/** Widths of what the host draws around a content rectangle: a title bar above it, borders elsewhere; DOM pixels. */
export interface Frame {
  readonly top: number;
  readonly side: number;
  readonly bottom: number;
}

export const FRAMES = {
  full: { top: 36, side: 1, bottom: 1 },
  /** On small screens. */
  compact: { top: 32, side: 1, bottom: 1 },
  /** Around programs with a header bar of their own: tag and drag area. */
  slim: { top: 27, side: 1, bottom: 1 },
  /** Full screen: the label's colour on all sides, which no guest can draw over. */
  edge: { top: 3, side: 3, bottom: 3 },
} as const satisfies Record<string, Frame>;

export const TOP_BAR_HEIGHT = 34;
/** Below this height of the work area a title bar is compact. */
const SMALL_SCREEN_HEIGHT = 700;
/** Room that new windows leave for the dock. */
export const DOCK_HEIGHT = 76;
/** A frame is never narrower: tag and buttons have room. */
export const MIN_FRAME_WIDTH = 200;
/** At least this much of a title bar's width stays within the work area. */
export const MIN_REACHABLE = 96;
/** Smallest content that a person can make by dragging an edge. */
const MIN_CONTENT: Size = { width: 120, height: 40 };

export function isSmallScreen(workArea: Rect): boolean {
  return workArea.height < SMALL_SCREEN_HEIGHT;
}

/** All of the page: the work area and the top bar above it. */
export function screenOf(workArea: Rect): Rect {
  return { x: workArea.x, y: 0, width: workArea.width, height: workArea.y + workArea.height };
}

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** A window's side as whole logical pixels that a configure can carry. */
export function boundedSide(value: number): number {
  return Math.round(clamp(value, 1, MAX_WINDOW_SIDE));
}

/** Frame and content. */
export function outerOf(content: Rect, frame: Frame): Rect {
  const width = Math.max(content.width + 2 * frame.side, MIN_FRAME_WIDTH);
  return {
    x: content.x - frame.side,
    y: content.y - frame.top,
    width,
    height: content.height + frame.top + frame.bottom,
  };
}

/** Content of a frame that fills `outer`. */
export function contentIn(outer: Rect, frame: Frame): Rect {
  return {
    x: outer.x + frame.side,
    y: outer.y + frame.top,
    width: Math.max(1, outer.width - 2 * frame.side),
    height: Math.max(1, outer.height - frame.top - frame.bottom),
  };
}

export function titleBarOf(content: Rect, frame: Frame): Rect {
  return { ...outerOf(content, frame), height: frame.top };
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
export function keepReachable(content: Rect, workArea: Rect, frame: Frame): Rect {
  const bar = titleBarOf(content, frame);
  const reach = Math.min(MIN_REACHABLE, bar.width, workArea.width);
  const x = clamp(bar.x, workArea.x + reach - bar.width, workArea.x + workArea.width - reach);
  const lowest = Math.max(workArea.y, workArea.y + workArea.height - frame.top);
  const y = clamp(bar.y, workArea.y, lowest);
  return { ...content, x: Math.round(x + frame.side), y: Math.round(y + frame.top) };
}

/** The same size at the nearest place where all of its frame is in the work area; where it is too large, its top left. */
export function keepInside(content: Rect, workArea: Rect, frame: Frame): Rect {
  const outer = outerOf(content, frame);
  const x = Math.max(workArea.x, Math.min(outer.x, workArea.x + workArea.width - outer.width));
  const y = Math.max(workArea.y, Math.min(outer.y, workArea.y + workArea.height - outer.height));
  return { ...content, x: Math.round(x + frame.side), y: Math.round(y + frame.top) };
}

/** All of its frame is in the work area. */
export function isInside(content: Rect, workArea: Rect, frame: Frame): boolean {
  const { x, y } = keepInside(content, workArea, frame);
  const outer = outerOf(content, frame);
  return x === content.x && y === content.y && outer.width <= workArea.width && outer.height <= workArea.height;
}

/** The nearest size that the program says it can have; where its least is above its most, the least. */
export function clampSize(size: Size, hints: SizeHints): Size {
  const side = (value: number, least: number | null, most: number | null): number =>
    boundedSide(Math.max(least ?? 1, Math.min(value, most ?? MAX_WINDOW_SIDE)));
  return {
    width: side(size.width, hints.minWidth, hints.maxWidth),
    height: side(size.height, hints.minHeight, hints.maxHeight),
  };
}

/** The largest size within this one that has whole cells and the shape that the program wants; where hints contradict, any. */
export function wholeCells(size: Size, hints: SizeHints): Size {
  const { cells } = hints;
  if (cells === undefined) return clampSize(size, hints);
  const { baseWidth, baseHeight, stepWidth, stepHeight, minAspect, maxAspect } = cells;
  const inside = clampSize(size, hints);
  let width = Math.max(1, inside.width - baseWidth);
  let height = Math.max(1, inside.height - baseHeight);
  if (minAspect !== null && width / height < minAspect) height = width / minAspect;
  if (maxAspect !== null && width / height > maxAspect) width = height * maxAspect;
  const whole = (value: number, base: number, step: number, least: number | null, most: number | null): number => {
    const rounded = base + Math.floor(value / step) * step;
    // A least or largest size between two cells: the next one inside.
    if (least !== null && rounded < least) return base + Math.ceil((least - base) / step) * step;
    if (most !== null && rounded > most) return base + Math.floor((most - base) / step) * step;
    return rounded;
  };
  return clampSize(
    {
      width: whole(width, baseWidth, stepWidth, hints.minWidth, hints.maxWidth),
      height: whole(height, baseHeight, stepHeight, hints.minHeight, hints.maxHeight),
    },
    hints,
  );
}

/** The program can have one size only. */
export function isFixedSize({ minWidth, minHeight, maxWidth, maxHeight }: SizeHints): boolean {
  return minWidth !== null && minHeight !== null && minWidth === maxWidth && minHeight === maxHeight;
}

export interface Edges {
  top: boolean;
  bottom: boolean;
  left: boolean;
  right: boolean;
}

/** Size that a window shall have when these edges have been dragged by (dx, dy). */
export function sizeAfterDrag(start: Size, edges: Edges, dx: number, dy: number, hints: SizeHints): Size {
  const width = start.width + (edges.right ? dx : edges.left ? -dx : 0);
  const height = start.height + (edges.bottom ? dy : edges.top ? -dy : 0);
  return wholeCells({ width: Math.max(width, MIN_CONTENT.width), height: Math.max(height, MIN_CONTENT.height) }, hints);
}

export type Part = "all" | "left" | "right";

/** Frame of a maximised window, or of one that fills half of the work area; a half is at least `minWidth` wide. */
export function fill(workArea: Rect, part: Part, minWidth: number = 0): Rect {
  if (part === "all") return workArea;
  const half = part === "left" ? Math.floor(workArea.width / 2) : Math.ceil(workArea.width / 2);
  const width = Math.min(workArea.width, Math.max(half, minWidth));
  return { ...workArea, width, x: part === "left" ? workArea.x : workArea.x + workArea.width - width };
}

/** Within this distance of an edge of the work area the pointer means that edge. */
const SNAP_PX = 3;

/** Which part of the work area a moved window will fill when it is let go with the pointer here; null = none. */
export function snapPart(x: number, y: number, workArea: Rect): Part | null {
  if (x < workArea.x + SNAP_PX) return "left";
  if (x >= workArea.x + workArea.width - SNAP_PX) return "right";
  return y < workArea.y + SNAP_PX ? "all" : null;
}

/** The part of the work area where new windows go. */
export function placementArea(workArea: Rect): Rect {
  return { ...workArea, height: Math.max(FRAMES.full.top, workArea.height - DOCK_HEIGHT) };
}

const STEP = 32;
/** New windows keep this distance from the edges. */
const MARGIN = 24;
/** Being a pixel further from the middle costs as much as covering this many pixels of other windows. */
const PX2_PER_STEP_ASIDE = 300;
/** Hiding another window costs as much as covering this many pixels. */
const PX2_PER_HIDDEN = 1e6;
/** A window counts as hidden when less than this part of it stays visible. */
const SEEN_SHARE = 1 / 8;

/**
 * A place for a new window: where it covers least of the others and hides none, nearest to the middle; on its parent when
 * it is a dialog.
 * `others`, bottom to top, and `parent` are frames.
 */
export function place(size: Size, frame: Frame, workArea: Rect, others: readonly Rect[], parent: Rect | null): Rect {
  const area = placementArea(workArea);
  const outer = outerOf({ x: 0, y: 0, ...size }, frame);
  const at = (x: number, y: number): Rect =>
    keepInside({ x: Math.round(x) + frame.side, y: Math.round(y) + frame.top, ...size }, workArea, frame);
  if (parent !== null) {
    return at(
      parent.x + (parent.width - outer.width) / 2,
      Math.max(area.y, parent.y + (parent.height - outer.height) / 3),
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
      const box = outerOf(candidate, frame);
      let covered = 0;
      for (const other of others) {
        const area = areaOf(intersection(box, other));
        covered += area > areaOf(other) * (1 - SEEN_SHARE) ? PX2_PER_HIDDEN : area;
      }
      const distance = Math.hypot(box.x - middle.x, box.y - middle.y);
      const cost = covered + distance * PX2_PER_STEP_ASIDE + (taken.has(`${box.x},${box.y}`) ? 1e9 : 0);
      if (cost < bestCost) {
        bestCost = cost;
        best = candidate;
      }
    }
  }
  // All places are taken: one step down and right from the newest window.
  const newest = others.at(-1);
  return bestCost >= 1e9 && newest !== undefined ? at(newest.x + STEP, newest.y + STEP) : best;
}
