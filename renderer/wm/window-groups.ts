/** Windows of one application of one VM belong together in the dock. Pure. */
import type { WindowId } from "#shared/model/window.ts";
import type { DesktopWindow, WmState } from "./state.ts";

/** In the order in which they opened. */
export type WindowGroup = readonly [WindowId, ...WindowId[]];

/** In the order in which their first windows opened. A window without an application id stands alone. */
export function windowGroups({ windows }: WmState): WindowGroup[] {
  const groups = new Map<string, [WindowId, ...WindowId[]]>();
  for (const { id, vm, guest, isMapped } of Object.values<DesktopWindow>(windows)) {
    if (!isMapped) continue;
    const key = guest.appId === "" ? id : `${vm} ${guest.appId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [id]);
    else group.push(id);
  }
  return [...groups.values()];
}
