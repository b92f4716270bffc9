/** Searches programs by what is typed, best match first. Pure. */
import type { AppView } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";

/** The programs of each VM that has answered; null: it did not answer in time. */
export type AppAnswers = ReadonlyMap<VmId, readonly AppView[] | null>;

/** The programs of these VMs; one that a guest lists twice appears once. */
export function offeredApps(answers: AppAnswers, vms: readonly VmId[]): AppView[] {
  return vms.flatMap((vm) => {
    const apps = answers.get(vm) ?? [];
    const ids = apps.map(({ id }) => id);
    return apps.filter(({ id, hidden }, at) => !hidden && ids.indexOf(id) === at);
  });
}

/** Every word of the query must be found in name, id or VM; names that begin with it come first. */
export function searchApps(apps: readonly AppView[], query: string): AppView[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  const ranked = apps.flatMap((app) => {
    const name = app.name.toLowerCase();
    const text = `${name} ${app.id.toLowerCase()} ${app.vm}`;
    if (!words.every((word) => text.includes(word))) return [];
    const first = words[0] ?? "";
    return [{ app, rank: name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2 }];
  });
  ranked.sort((a, b) => a.rank - b.rank || a.app.name.localeCompare(b.app.name) || a.app.vm.localeCompare(b.app.vm));
  return ranked.map(({ app }) => app);
}
