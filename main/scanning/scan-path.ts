/** Paths of a VM or of the host, looked at: files, and every file below folders. */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { FILE_REASON_WORDS, type FileReason } from "#shared/model/transfer.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { SourceEnd } from "../files/ends.ts";
import type { ScanSource } from "../files/file-scanner.ts";
import { HostFiles, type HostFilesOptions, reachOfSource } from "../files/host-files.ts";
import { pathText } from "../files/names.ts";
import { nameOfEnd } from "../files/parties.ts";
import type { FilesParty } from "../files/transfer.ts";
import type { Scanner, ScanOptions } from "./scanner.ts";

/** They are no files of their own: what they lead to is looked at where it lies. */
const NO_FILES: readonly (FileReason | null)[] = ["symlink", "special"];

interface PathOptions extends ScanOptions {
  /** Whether this file is to be looked at, which is shown by that path; without it, all are. */
  isDue?: (path: string, file: ListedFile) => boolean;
}

/**
 * One after another, until the signal. Each is given when it was looked at, so that who asks need not keep all.
 * @throws AppError vm.not-running
 */
export async function* scanPaths(
  scanner: Scanner,
  host: HostFilesOptions,
  { party, paths }: { party: FilesParty; paths: readonly Uint8Array[] },
  options: PathOptions,
): AsyncGenerator<{ path: Uint8Array; files: ScannedFile[] }> {
  for (const path of paths) {
    if (options.signal.aborted) return;
    yield { path, files: await scanPath(scanner, host, { party, path }, options) };
  }
}

/** @throws AppError vm.not-running */
export async function scanPath(
  scanner: Scanner,
  host: HostFilesOptions,
  { party, path }: { party: FilesParty; path: Uint8Array },
  options: PathOptions,
): Promise<ScannedFile[]> {
  const what = { paths: [path] };
  if (party.kind === "vm") return scanAt(scanner, { end: party.vm, what, party }, path, options);
  const end = new HostFiles(host, reachOfSource({ party, ...what }));
  try {
    return await scanAt(scanner, { end, what, party }, path, options);
  } finally {
    end.end();
  }
}

async function scanAt(
  scanner: Scanner,
  from: ScanSource,
  path: Uint8Array,
  { isDue = () => true, ...options }: PathOptions,
): Promise<ScannedFile[]> {
  const chosen = pathText(path);
  const source = new SourceEnd(from.end, from.what);
  const stop = (): void => void source.stop(false);
  options.signal.addEventListener("abort", stop, { once: true });
  const listed = await source.listed;
  options.signal.removeEventListener("abort", stop);
  if (listed === null) {
    const end = await source.over;
    const reason = end.kind === "lost" ? `${nameOfEnd(from.party)} was lost` : FILE_REASON_WORDS[end.reason ?? "gone"];
    return [{ path: chosen, ...scanner.unread(reason) }];
  }
  await source.stop(false);
  const name = (file: ListedFile): string => shownPath(chosen, pathText(file.path));
  const due = listed.filter((file) => isDue(name(file), file));
  const verdicts = await scanner.scan(from, due, options);
  return due.flatMap((file) => {
    const verdict = verdicts.get(file.index);
    if (verdict !== undefined) return [{ path: name(file), ...verdict }];
    if (file.kind === "folder" || NO_FILES.includes(file.reason)) return [];
    return [{ path: name(file), ...scanner.unread(FILE_REASON_WORDS[file.reason ?? "unreadable"]) }];
  });
}

/** What was listed begins with the name of what was chosen. */
export function shownPath(chosen: string, listed: string): string {
  const slash = chosen.lastIndexOf("/");
  // Of "." and "..", and of what ends in them, the list has a name that the path has not.
  const isPlain = ![".", "..", ""].includes(chosen.slice(slash + 1));
  if (isPlain) return `${chosen.slice(0, slash + 1)}${listed}`;
  return listed.includes("/") ? `${chosen.replace(/\/$/, "")}/${listed.slice(listed.indexOf("/") + 1)}` : chosen;
}
