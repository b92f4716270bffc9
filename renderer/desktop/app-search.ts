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
export const MAX_FOUND_PER_VM = 200;

/**
 * Every word of the query must be found in name, id or VM; names that begin with it come first. Of each VM no more than
 * MAX_FOUND_PER_VM.
 */
export function searchApps(apps: readonly OfferedApp[], query: string): OfferedApp[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  const ranked = apps.flatMap((app) => {
    const name = app.name.toLowerCase();
    const text = `${name} ${app.id.toLowerCase()} ${app.vm}`;
    if (!words.every((word) => text.includes(word))) return [];
    const first = words[0] ?? "";
    return [{ app, rank: name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2 }];
  });
  ranked.sort((a, b) => a.rank - b.rank || a.app.name.localeCompare(b.app.name) || a.app.vm.localeCompare(b.app.vm));
  const found = new Map<string, number>();
  return ranked.flatMap(({ app }) => {
    const count = (found.get(app.vm) ?? 0) + 1;
    found.set(app.vm, count);
    return count > MAX_FOUND_PER_VM ? [] : [app];
  });
}
