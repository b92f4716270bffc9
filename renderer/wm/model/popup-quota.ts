/** How much of the screen the popups of one VM may take together, over all of its windows. Pure. */
import type { SurfaceId } from "#shared/model/window.ts";

/** Popups of one VM that are shown at once: more than menus are nested. */
export const MAX_POPUPS = 16;
/** How often they may cover the screen, added up. */
export const MAX_POPUP_SCREENS = 1.5;

/** A popup that is shown. */
export interface ShownPopup {
  readonly id: SurfaceId;
  /** The popup that it was opened from; null: its window. */
  readonly parent: SurfaceId | null;
  readonly areaPx: number;
}

/**
 * The popups that have to go, each with its descendants, so that the newest one can stay: the oldest first, but no ancestor of
 * the newest. Where that is not enough it is the newest itself.
 * @param shown in the order in which they opened, the newest last
 */
export function popupsOverQuota(shown: readonly ShownPopup[], screenPx: number): SurfaceId[] {
  const newest = shown.at(-1);
  if (newest === undefined) return [];
  const gone: SurfaceId[] = [];
  let left = shown;
  while (isOver(left, screenPx)) {
    const kept = withAncestors(newest, left);
    const first = left.find(({ id }) => !kept.has(id)) ?? newest;
    gone.push(first.id);
    const before = left;
    left = before.filter((popup) => !withAncestors(popup, before).has(first.id));
  }
  return gone;
}

function isOver(shown: readonly ShownPopup[], screenPx: number): boolean {
  const areaPx = shown.reduce((sum, popup) => sum + popup.areaPx, 0);
  return shown.length > MAX_POPUPS || areaPx > screenPx * MAX_POPUP_SCREENS;
}

/** A popup and its ancestors. */
function withAncestors(popup: ShownPopup, shown: readonly ShownPopup[]): Set<SurfaceId> {
  const ids = new Set<SurfaceId>();
  let at: ShownPopup | undefined = popup;
  while (at !== undefined && !ids.has(at.id)) {
    ids.add(at.id);
    const parent: SurfaceId | null = at.parent;
    at = shown.find(({ id }) => id === parent);
  }
  return ids;
}
