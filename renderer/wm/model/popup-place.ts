/** Where popups may be: near what they belong to, and never over what the host draws of their own window. Pure. */
import type { Rect } from "#shared/model/window.ts";
import { clamp, type Frame, outerOf } from "./geometry.ts";

/** How far from its window, or from another popup of it, a popup may be. */
const REACH = 160;
/** Share of the work area that one popup may cover. */
const SHARE = 2 / 3;
/** The label's border around a popup. */
const BORDER = 1;

export interface PopupPlace {
  /** The whole popup, relative to its window's content. */
  readonly whole: Rect;
  /** The part that is shown: from its top left, as much as there is room for. */
  readonly shown: Rect;
}

/** The window that a popup belongs to. */
export interface PopupOwner {
  /** Content rectangle, page coordinates. */
  readonly content: Rect;
  readonly frame: Frame;
  /** Its other popups that are shown, relative to its content: a submenu is near its menu, however far that is from the window. */
  readonly popups: readonly Rect[];
}

/**
 * Where a popup (relative to its owner's content) is shown: near its window or another popup of it, whatever the guest says;
 * moved into the work area, with the host's border around it; below the title bar of its own window, or above it where there
 * is more room; and cut only where it does not fit. No larger than a part of the work area.
 */
export function placePopup(popup: Rect, { content, frame, popups }: PopupOwner, workArea: Rect): PopupPlace {
  const near = nearest(popup, [{ x: 0, y: 0, width: content.width, height: content.height }, ...popups]);
  const left = workArea.x + BORDER;
  const right = workArea.x + workArea.width - BORDER;
  const width = Math.max(1, Math.min(popup.width, right - left));
  const most = Math.floor((workArea.width * workArea.height * SHARE) / width);
  const wanted = Math.max(1, Math.min(popup.height, most));
  const [top, bottom] = verticalRoom(wanted, content, frame, workArea);
  const height = Math.min(wanted, bottom - top);
  const at = {
    x: clamp(content.x + near.x, left, Math.max(left, right - width)) - content.x,
    y: clamp(content.y + near.y, top, bottom - height) - content.y,
  };
  return { whole: { ...popup, ...at }, shown: { ...at, width, height } };
}

/** The nearest place to where the guest wants it that is within reach of one of these. */
function nearest(popup: Rect, anchors: readonly Rect[]): { x: number; y: number } {
  const places = anchors.map((anchor) => ({
    x: clamp(popup.x, anchor.x - REACH - popup.width, anchor.x + anchor.width + REACH),
    y: clamp(popup.y, anchor.y - REACH - popup.height, anchor.y + anchor.height + REACH),
  }));
  const distance = ({ x, y }: { x: number; y: number }): number => Math.abs(x - popup.x) + Math.abs(y - popup.y);
  return places.reduce((best, place) => (distance(place) < distance(best) ? place : best));
}

/** From where to where in the page a popup of this height may be: below its window's title bar, else above it. */
function verticalRoom(height: number, content: Rect, frame: Frame, workArea: Rect): [top: number, bottom: number] {
  const top = workArea.y + BORDER;
  const bottom = workArea.y + workArea.height - BORDER;
  const below = Math.max(top, content.y + BORDER);
  const above = outerOf(content, frame).y - BORDER;
  const isBelow = height <= bottom - below || bottom - below >= above - top;
  return isBelow ? [Math.min(below, bottom - 1), bottom] : [top, above];
}

/** The largest popup that stays when its window loses focus, unless a press outside would dismiss it: a hint of a few lines. */
const TOOLTIP = { width: 480, height: 96 };

export function isTooltipSized({ width, height }: { width: number; height: number }): boolean {
  return width <= TOOLTIP.width && height <= TOOLTIP.height;
}
