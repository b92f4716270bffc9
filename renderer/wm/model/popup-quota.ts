/** How much of the screen the popups of one VM may take together, over all of its windows. Pure. */
import type { SurfaceId } from "#shared/model/window.ts";

/** Popups of one VM that are shown at once: as deep as menus can be nested. */
export const MAX_POPUPS = 16;
/** How often they may cover the screen, added up. */
export const MAX_POPUP_SCREENS = 1.5;

/** A popup that is shown. */
export interface ShownPopup {
  readonly id: SurfaceId;
  /** The popup that it stands on; null: its window. */
  readonly parent: SurfaceId | null;
  readonly areaPx: number;
}

/**
 * The popups that have to go, each with all that stand on it, so that the newest one can stay: the oldest first, but none that
 * the newest stands on. Where that is not enough it is the newest itself.
 * @param shown in the order in which they opened, the newest last
 */
export function popupsOverQuota(shown: readonly ShownPopup[], screenPx: number): SurfaceId[] {
  const newest = shown.at(-1);
  if (newest === undefined) return [];
  const gone: SurfaceId[] = [];
  let left = shown;
  while (isOver(left, screenPx)) {
    const kept = lineOf(newest, left);
    const first = left.find(({ id }) => !kept.has(id)) ?? newest;
    gone.push(first.id);
    const before = left;
    left = before.filter((popup) => !lineOf(popup, before).has(first.id));
  }
  return gone;
}

function isOver(shown: readonly ShownPopup[], screenPx: number): boolean {
  const areaPx = shown.reduce((sum, popup) => sum + popup.areaPx, 0);
  return shown.length > MAX_POPUPS || areaPx > screenPx * MAX_POPUP_SCREENS;
}

/** A popup, the one that it stands on, and so on. */
function lineOf(popup: ShownPopup, shown: readonly ShownPopup[]): Set<SurfaceId> {
  const line = new Set<SurfaceId>();
  let at: ShownPopup | undefined = popup;
  while (at !== undefined && !line.has(at.id)) {
    line.add(at.id);
    const parent: SurfaceId | null = at.parent;
    at = shown.find(({ id }) => id === parent);
  }
  return line;
}
