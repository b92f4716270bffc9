/** Entries of the dock: one for the windows of an application of a VM; one for a whole VM where there are too many. Pure. */
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { DesktopWindow, WmState } from "./state.ts";

/** In the order in which they opened. */
export type WindowGroup = readonly [WindowId, ...WindowId[]];

interface Group {
  readonly vm: VmId;
  readonly ids: [WindowId, ...WindowId[]];
}

/**
 * In the order in which their first windows opened. A window without an application id has a group of its own. While there
 * are more than `most`, the VM with the most groups gets a single one, so that a VM that floods the desktop with windows
 * does not crowd out the others.
 */
export function windowGroups({ windows }: WmState, most: number): WindowGroup[] {
  const groups = new Map<string, Group>();
  for (const { id, vm, guest, isMapped } of Object.values<DesktopWindow>(windows)) {
    if (!isMapped) continue;
    const key = guest.appId === "" ? id : `${vm} ${guest.appId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { vm, ids: [id] });
    else group.ids.push(id);
  }
  let shown = [...groups.values()];
  while (shown.length > most) {
    const vm = fullest(shown);
    if (vm === null) break;
    const [first, ...rest] = shown.filter((group) => group.vm === vm);
    for (const { ids } of rest) first?.ids.push(...ids);
    shown = shown.filter((group) => group === first || group.vm !== vm);
  }
  return shown.map(({ ids }) => ids);
}

/** The VM with the most groups; null: each has one. */
function fullest(groups: readonly Group[]): VmId | null {
  const counts = new Map<VmId, number>();
  for (const { vm } of groups) counts.set(vm, (counts.get(vm) ?? 0) + 1);
  let most: [VmId | null, number] = [null, 1];
  for (const counted of counts) if (counted[1] > most[1]) most = counted;
  return most[0];
}
