/** One path of a VM, looked at: a file, or every file below a folder. */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { FILE_REASON_WORDS, type FileReason } from "#shared/model/transfer.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { SourceEnd } from "../files/ends.ts";
import { pathText } from "../files/names.ts";
import type { Vm } from "../vms/vm.ts";
import type { Scanner, ScanOptions } from "./scanner.ts";

/** They are no files of their own: what they lead to is looked at where it lies. */
const NO_FILES: readonly (FileReason | null)[] = ["symlink", "special"];

/** Rejects with what listing comes to where the VM's link is lost. @throws AppError vm.not-running */
export async function scanPath(
  scanner: Scanner,
  vm: Pick<Vm, "service" | "definition">,
  path: string,
  options: ScanOptions,
): Promise<ScannedFile[]> {
  const chosen = path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
  const what = { paths: [Buffer.from(chosen)] };
  const source = new SourceEnd(vm, what);
  const stop = (): void => void source.stop(false);
  options.signal.addEventListener("abort", stop, { once: true });
  const listed = await source.listed;
  options.signal.removeEventListener("abort", stop);
  if (listed === null) {
    const end = await source.over;
    const reason = end.kind === "lost" ? "its VM was lost" : FILE_REASON_WORDS[end.reason ?? "gone"];
    return [unread(scanner, chosen, reason)];
  }
  await source.stop(false);
  const name = (file: ListedFile): string => shownPath(chosen, pathText(file.path));
  const verdicts = await scanner.scan({ end: vm, what, name: vm.definition.name }, listed, options);
  return listed.flatMap((file) => {
    const verdict = verdicts.get(file.index);
    if (verdict !== undefined) return [{ path: name(file), ...verdict }];
    if (file.kind === "folder" || NO_FILES.includes(file.reason)) return [];
    return [unread(scanner, name(file), FILE_REASON_WORDS[file.reason ?? "unreadable"])];
  });
}

/** What was listed begins with the name of what was chosen. */
export function shownPath(chosen: string, listed: string): string {
  const slash = chosen.lastIndexOf("/");
  // Of "." and "..", and of what ends in them, the list has a name that the path has not.
  const isPlain = ![".", "..", ""].includes(chosen.slice(slash + 1));
  if (!isPlain) return listed.includes("/") ? `${chosen}/${listed.slice(listed.indexOf("/") + 1)}` : chosen;
  return `${chosen.slice(0, slash + 1)}${listed}`;
}

function unread(scanner: Scanner, path: string, reason: string): ScannedFile {
  return { path, ...scanner.unread(reason) };
}
