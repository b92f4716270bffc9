/** Which window lies under a place of the page, by where frames and popups are. Pure. */
import type { Rect, WindowId } from "#shared/model/window.ts";
import { contentOf, type DesktopWindow, frameRectOf, isShown, type WmState } from "./state.ts";

export interface Place {
  x: number;
  y: number;
}

/** `popupsOf`: a window's popups, relative to its content. null: no window lies there. */
export function windowAt(
  state: WmState,
  place: Place,
  popupsOf: (id: WindowId) => readonly Rect[],
): DesktopWindow | null {
  const { windows, stack, workArea } = state;
  const isAt = (id: WindowId): boolean => {
    const window = windows[id];
    if (window === undefined || !isShown(window)) return false;
    if (contains(frameRectOf(window, workArea), place)) return true;
    const { x, y } = contentOf(window, workArea);
    return popupsOf(id).some((popup) => contains({ ...popup, x: x + popup.x, y: y + popup.y }, place));
  };
  const top = stack.findLast(isAt);
  return top === undefined ? null : (windows[top] ?? null);
}

function contains({ x, y, width, height }: Rect, place: Place): boolean {
  return place.x >= x && place.x < x + width && place.y >= y && place.y < y + height;
}
