/** Searches programs by what is typed, best match first. Pure. */
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";

/** The programs of each VM that has answered; null: it did not answer in time. */
export type AppAnswers = ReadonlyMap<VmId, readonly OfferedApp[] | null>;

/** The programs of these VMs. */
export function offeredApps(answers: AppAnswers, vms: readonly VmId[]): OfferedApp[] {
  return vms.flatMap((vm) => answers.get(vm) ?? []);
}

/** Programs of one VM that are found at once: a guest that lists thousands does not make the page slow. */
export const MAX_FOUND_PER_VM = 100;

/** What the host knows of programs and VMs: of two programs that are called the same, it says which comes first. */
export interface SearchOrder {
  /** Keys (appKey) of programs that the person has launched, the last one first. */
  readonly recent: readonly string[];
  /** Names of VMs in the host's order. */
  readonly vms: readonly string[];
}

export function appKey({ vm, id }: Pick<OfferedApp, "vm" | "id">): string {
  return `${vm} ${id}`;
}

/**
 * Every word of the query must be found in name, id or VM. First come programs that the person has launched, then those that
 * are called so, in the host's order of VMs: a guest calls its programs what it likes, and so does not come first by a name.
 * Within a VM, names that begin with the query, then the alphabet. Of each VM no more than MAX_FOUND_PER_VM.
 */
export function searchApps(apps: readonly OfferedApp[], query: string, order: SearchOrder): OfferedApp[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  const recent = placesOf(order.recent);
  const vms = placesOf(order.vms);
  const ranked = apps.flatMap((app) => {
    const name = app.name.toLowerCase();
    const id = app.id.toLowerCase();
    const text = `${name} ${id} ${app.vm}`;
    if (!words.every((word) => text.includes(word))) return [];
    const first = words[0] ?? "";
    const rank = [
      recent.get(appKey(app)) ?? recent.size,
      name.includes(first) || id.includes(first) ? 0 : 1,
      vms.get(app.vm) ?? vms.size,
      name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2,
    ];
    return [{ app, rank }];
  });
  ranked.sort((a, b) => compare(a.rank, b.rank) || a.app.name.localeCompare(b.app.name));
  const found = new Map<string, number>();
  return ranked.flatMap(({ app }) => {
    const count = (found.get(app.vm) ?? 0) + 1;
    found.set(app.vm, count);
    return count > MAX_FOUND_PER_VM ? [] : [app];
  });
}

function placesOf(keys: readonly string[]): ReadonlyMap<string, number> {
  return new Map(keys.map((key, at) => [key, at]));
}

/** By the first number that differs. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
