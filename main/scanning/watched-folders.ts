/**
 * Folders of VMs whose files are scanned as they come, and once from the beginning: a download by TLS never passes the firewall in the
 * clear. Two files at a time, of two VMs, so that what somebody waits for goes first, and no VM waits for another's files. Their agents
 * say what is there; of a folder in such a folder they do not, so that it is listed again now and then, and what is new is scanned.
 */
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { type FileVerdict, verdictWords } from "#shared/model/scan.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import { laterWords } from "#shared/model/quarantine.ts";
import { watchedPlace } from "#shared/model/watched-place.ts";
import type { FolderItem } from "#shared/protocol/folders.ts";
import { deadline } from "../base/deadline.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { MAX_FOLDER_ENTRIES } from "#shared/protocol/limits.ts";
import { type AtMostEach, atMostEach } from "../base/at-most-each.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import { folders } from "../vms/services/folders.ts";
import type { Vm } from "../vms/vm.ts";
import type { Quarantine } from "./quarantine.ts";

/** What nobody has asked for has so long, whatever the VM does that has it. */
export const UNASKED_MS = 10 * 60_000;

/** Whose settings name the folders. */
export const ANTIVIRUS_SERVICE = "antivirus";
/** A program that has begun a file goes on with it for a moment. */
const SETTLE_MS = 1_000;
/** Of one VM: its agent watches a few more for the desktop. */
const MAX_FOLDERS = 6;
/** VMs whose files are scanned at once. */
const AT_ONCE = 2;
/** Between two looks at what is in folders there: the first, when something has changed, and the longest. */
const LOOK_AGAIN_MS = 60_000;
const MAX_LOOK_AGAIN_MS = 3_600_000;
/** Files in folders of one watched folder that are known. */
const MAX_BELOW = 5_000;
/** Of one folder there, of how many files a verdict is reported. */
const MAX_REPORTED = 100;
/** Between two notices of one kind about one VM: it may bring about several a second. */
export const NOTICE_MS = 2_000;
/** Of browsers, until a file is whole. */
const PARTIAL = /\.(part|crdownload|download|tmp)$/;

export interface WatchedFoldersParts {
  application: { readonly vms: readonly Vm[] };
  scanner: { readonly isThere: boolean; readonly isReady: boolean };
  /** `VM:FOLDER`; `*`: of every VM that is neither a service nor a disposable. */
  places: () => readonly string[];
  /** Of a folder all below it that is due. Rejects where the VM is gone. */
  scan: (vm: Vm, path: Uint8Array, signal: AbortSignal, isDue: IsDue) => Promise<readonly ScannedFile[]>;
}

type IsDue = (path: string, file: Pick<ListedFile, "kind" | "size" | "modifiedS">) => boolean;

export interface WatchedFoldersEvents {
  /** A scanner has found something in a file there, or suspects it. */
  found: [vm: Vm, file: ScannedFile];
  /** Where `before` was reported, scanners find nothing in the same bytes any more. */
  cleared: [vm: Vm, file: ScannedFile, before: Pick<FileVerdict, "verdict" | "engines">];
  /** Not all that is in that folder was scanned: why, for people. */
  unscanned: [vm: Vm, folder: string, words: string];
}

interface Source {
  /** Names VM and folder. */
  readonly key: string;
  readonly vm: Vm;
  readonly folder: string;
  readonly ended: AbortController;
  /** By name, as latin1: as it was when it was queued last. */
  stamps: Map<string, string>;
  /** Of each folder by name: its files by path, as they were when they were looked at last. */
  readonly below: Map<string, Map<string, string>>;
  timer: NodeJS.Timeout | undefined;
  lookAgain: { timer: NodeJS.Timeout | undefined; afterMs: number };
  /** The scanner has failed at them. Each is tried once more when it is ready again: a file may be what it fails of. */
  readonly failed: Set<string>;
  readonly triedAgain: Set<string>;
  /** Since the last notice: the first, and how many. */
  unscanned: { first: ScannedFile; count: number } | null;
  isFull: boolean;
  /** So many files there are beyond those that the agent lists. */
  more: number;
}

interface Reported extends FileVerdict {
  /** What was found before, of which it says nothing; null: nothing was. */
  readonly found: FileVerdict | null;
}

interface Waiting {
  readonly source: Source;
  readonly name: string;
}

export class WatchedFolders extends Emitter<WatchedFoldersEvents> {
  readonly #parts: WatchedFoldersParts;
  readonly #sources = new Map<string, Source>();
  /** Of each folder by name, then by path: what was reported. It outlives what watches the folder: a new start reports nothing again. */
  readonly #reported = new Map<string, Map<string, Map<string, Reported>>>();
  #wasReady = true;
  /** What is to be scanned: of each VM by source and name; the VM that has waited longest first. */
  readonly #queue = new Map<Vm, Map<string, Waiting>>();
  readonly #scanning = new Set<Vm>();

  constructor(parts: WatchedFoldersParts) {
    super();
    this.#parts = parts;
  }

  /** VMs, scanners or settings are others. */
  follow(): void {
    const wanted = this.#wanted();
    for (const [key, source] of this.#sources) if (!wanted.has(key)) this.#end(key, source);
    for (const [key, { vm, folder }] of wanted) if (!this.#sources.has(key)) this.#begin(key, vm, folder);
    const { isReady } = this.#parts.scanner;
    if (isReady && !this.#wasReady) this.#tryAgain();
    this.#wasReady = isReady;
  }

  #tryAgain(): void {
    for (const [key, source] of this.#sources) {
      const names = [...source.failed].filter((name) => !source.triedAgain.has(name));
      source.failed.clear();
      for (const name of names) source.triedAgain.add(name);
      this.#enqueue(key, source, names);
    }
    this.#scan();
  }

  /** All files there are scanned again: what looks at them knows more. */
  again(): void {
    for (const [key, source] of this.#sources) {
      source.below.clear();
      this.#enqueue(key, source, source.stamps.keys());
    }
    this.#scan();
  }

  /** Nothing is watched any more. */
  end(): void {
    for (const [key, source] of this.#sources) this.#end(key, source);
  }

  #wanted(): Map<string, { vm: Vm; folder: string }> {
    const wanted = new Map<string, { vm: Vm; folder: string }>();
    if (!this.#parts.scanner.isThere) return wanted;
    const places = this.#parts.places().flatMap((word) => watchedPlace(word) ?? []);
    for (const vm of this.#parts.application.vms) {
      const { name, role, isThrowaway } = vm.definition;
      if (vm.state !== "running" || role === "service") continue;
      const own = places.filter((place) => (place.vm === null ? isThrowaway !== true : place.vm === name));
      for (const folder of new Set(own.map((place) => place.folder).slice(0, MAX_FOLDERS)))
        wanted.set(`${vm.id} ${folder}`, { vm, folder });
    }
    return wanted;
  }

  #begin(key: string, vm: Vm, folder: string): void {
    const ended = new AbortController();
    const kept = { stamps: new Map<string, string>(), failed: new Set<string>(), triedAgain: new Set<string>() };
    const source: Source = {
      ...{ key, vm, folder, ended, ...kept, below: new Map() },
      ...{ timer: undefined, lookAgain: { timer: undefined, afterMs: LOOK_AGAIN_MS } },
      ...{ unscanned: null, more: 0, isFull: false },
    };
    try {
      const hide = vm.service(folders).show(Buffer.from(folder), {
        changed: (items, more, seen) => {
          const due = this.#changed(source, items);
          this.#tellMore(source, more);
          source.timer = setTimeout(() => {
            this.#enqueue(key, source, due);
            this.#scan();
            source.lookAgain.afterMs = LOOK_AGAIN_MS;
            this.#lookAgainLater(source);
            seen();
          }, SETTLE_MS);
        },
        // Where its VM runs still, it is watched anew with the VM's next change.
        lost: () => this.#end(key, source),
      });
      ended.signal.addEventListener("abort", hide, { once: true });
      this.#sources.set(key, source);
    } catch {
      // Its link was lost just now: the VM's next change begins it again.
    }
  }

  #end(key: string, source: Source): void {
    if (this.#sources.get(key) === source) this.#sources.delete(key);
    clearTimeout(source.timer);
    clearTimeout(source.lookAgain.timer);
    const waiting = this.#queue.get(source.vm) ?? new Map<string, Waiting>();
    for (const [queued, one] of waiting) if (one.source === source) waiting.delete(queued);
    source.ended.abort();
  }

  /** What is in folders there, which the agent does not tell. */
  #lookAgainLater(source: Source): void {
    const { key, lookAgain, stamps } = source;
    clearTimeout(lookAgain.timer);
    const names = [...stamps].flatMap(([name, stamp]) => (stamp.startsWith(FOLDER) ? [name] : []));
    if (names.length === 0) return;
    lookAgain.timer = setTimeout(() => {
      this.#enqueue(key, source, names);
      this.#scan();
      lookAgain.afterMs = Math.min(lookAgain.afterMs * 2, MAX_LOOK_AGAIN_MS);
      this.#lookAgainLater(source);
    }, lookAgain.afterMs);
  }

  /** Names of those that are new, or were written since. */
  #changed(source: Source, items: readonly FolderItem[]): string[] {
    const before = source.stamps;
    source.stamps = new Map(
      items
        .map(
          ({ name, isFolder, size, modifiedS }) =>
            [Buffer.from(name).toString("latin1"), `${isFolder ? FOLDER : ""}${size} ${modifiedS}`] as const,
        )
        .filter(([name]) => !PARTIAL.test(name)),
    );
    for (const name of source.below.keys())
      if (source.stamps.get(name)?.startsWith(FOLDER) !== true) source.below.delete(name);
    const reported = this.#reported.get(source.key);
    for (const name of reported?.keys() ?? []) if (!source.stamps.has(name)) reported?.delete(name);
    const due = [...source.stamps].flatMap(([name, stamp]) => (before.get(name) === stamp ? [] : [name]));
    for (const name of due) source.triedAgain.delete(name);
    for (const tried of [source.failed, source.triedAgain])
      for (const name of tried) if (!source.stamps.has(name)) tried.delete(name);
    return due;
  }

  /** Once, until all are listed again. */
  #tellMore(source: Source, more: number): void {
    const { vm, folder, more: before } = source;
    source.more = more;
    if (more === 0 || before > 0) return;
    const words = `its first ${MAX_FOLDER_ENTRIES} files alone are watched, by their names, and ${more} are not scanned`;
    this.emit("unscanned", vm, folder, words);
  }

  /** One sentence, when all that waits there was tried. */
  #tellUnscanned(source: Source): void {
    const { key, vm, folder, unscanned } = source;
    const waits = [...(this.#queue.get(vm)?.values() ?? [])].some((one) => one.source === source);
    if (unscanned === null || waits || this.#sources.get(key) !== source) return;
    source.unscanned = null;
    const { first, count } = unscanned;
    const rest = count === 1 ? "" : `, nor were ${count - 1} others there`;
    this.emit("unscanned", vm, folder, `${first.path}: ${verdictWords(first)}${rest}`);
  }

  #enqueue(key: string, source: Source, names: Iterable<string>): void {
    const waiting = this.#queue.get(source.vm) ?? new Map<string, Waiting>();
    this.#queue.set(source.vm, waiting);
    for (const name of names) waiting.set(JSON.stringify([key, name]), { source, name });
  }

  #scan(): void {
    for (const [vm, waiting] of this.#queue) {
      if (this.#scanning.size >= AT_ONCE) return;
      if (this.#scanning.has(vm)) continue;
      this.#queue.delete(vm);
      const [next] = waiting;
      if (next === undefined) continue;
      waiting.delete(next[0]);
      this.#queue.set(vm, waiting);
      this.#scanning.add(vm);
      void this.#scanOne(next[1].source, next[1].name).finally(() => {
        this.#scanning.delete(vm);
        this.#scan();
      });
    }
  }

  /** Which files below that name are looked at: those that are others than at the last look. `looked`: that one was, now. */
  #dueIn(source: Source, name: string): { isDue: IsDue; looked: (path: string) => void } {
    if (source.stamps.get(name)?.startsWith(FOLDER) !== true) return { isDue: () => true, looked: () => undefined };
    const before = source.below.get(name) ?? new Map<string, string>();
    const now = new Map<string, string>();
    let known = 0;
    for (const files of source.below.values()) known += files.size;
    // Those that are there no more make room.
    const after = new Map<string, string>();
    source.below.set(name, after);
    let left = MAX_BELOW - known + before.size;
    const isDue: IsDue = (path, { kind, size, modifiedS }) => {
      if (kind === "folder") return false;
      left -= 1;
      if (left < 0) return this.#isFull(source);
      const stamp = `${size} ${modifiedS}`;
      if (before.get(path) !== stamp) {
        now.set(path, stamp);
        return true;
      }
      after.set(path, stamp);
      return false;
    };
    const looked = (path: string): void => {
      const stamp = now.get(path);
      if (stamp !== undefined) after.set(path, stamp);
    };
    return { isDue, looked };
  }

  /** Told once. */
  #isFull(source: Source): false {
    if (!source.isFull) {
      const words = `${MAX_BELOW} files in its folders alone are scanned, and there are more`;
      this.emit("unscanned", source.vm, source.folder, words);
    }
    source.isFull = true;
    return false;
  }

  async #scanOne(source: Source, name: string): Promise<void> {
    const { key, vm, folder, ended } = source;
    const ofFolder = this.#reported.get(key) ?? new Map<string, Map<string, Reported>>();
    this.#reported.set(key, ofFolder);
    const reported = ofFolder.get(name) ?? new Map<string, Reported>();
    const { isDue, looked } = this.#dueIn(source, name);
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
    const limit = deadline(UNASKED_MS, () => new Error("it took too long"), ended.signal);
    try {
      for (const file of await this.#parts.scan(vm, path, limit.signal, isDue)) {
        if (file.verdict !== "error") looked(file.path);
        if (ended.signal.aborted || isPassing(file)) continue;
        const before = reported.get(file.path);
        if (file.verdict === "clean") {
          const was = before?.found ?? before;
          if (was === undefined || !isTakenBack(was, file)) continue;
          reported.delete(file.path);
          this.emit("cleared", vm, file, was);
          continue;
        }
        if (file.verdict === "error") source.failed.add(name);
        const isReported = before?.verdict === file.verdict && before.sha256 === file.sha256;
        if (isReported || (reported.size >= MAX_REPORTED && before === undefined)) continue;
        const { verdict, sha256, engines } = file;
        const isKnown = before !== undefined && isFound(before);
        reported.set(file.path, { verdict, sha256, engines, found: isKnown ? before : (before?.found ?? null) });
        ofFolder.set(name, reported);
        if (isFound(file)) this.emit("found", vm, file);
        else source.unscanned = { first: source.unscanned?.first ?? file, count: (source.unscanned?.count ?? 0) + 1 };
      }
      this.#tellUnscanned(source);
    } catch (error) {
      log(`${vm.definition.name}:${folder} was not scanned: ${messageOf(error)}`);
    } finally {
      limit.end();
    }
  }
}

/** Of a stamp: a folder's. */
const FOLDER = "folder ";

/** It was removed meanwhile, or is being written, and comes again. */
function isPassing({ engines }: ScannedFile): boolean {
  const words: readonly (string | null)[] = [FILE_REASON_WORDS.gone, FILE_REASON_WORDS.changed];
  return engines.some(({ verdict, reason }) => verdict === "not-scanned" && words.includes(reason));
}

export function isFound({ verdict }: Pick<FileVerdict, "verdict">): boolean {
  return verdict === "found" || verdict === "suspicious";
}

/** Something was found in these bytes, and is not any more. */
export function isTakenBack(before: FileVerdict, now: FileVerdict): boolean {
  return isFound(before) && now.verdict === "clean" && before.sha256 !== null && before.sha256 === now.sha256;
}

/** Of each VM at most one in this time: of several the first, and how many more there are. */
function fewOf<Notice extends { others: number }>(send: (notice: Notice) => void): (vm: Vm, notice: Notice) => void {
  const all = new WeakMap<Vm, { waiting: Notice | null; tell: AtMostEach }>();
  return (vm, notice) => {
    const tell = atMostEach(NOTICE_MS, () => {
      const { waiting } = fresh;
      fresh.waiting = null;
      if (waiting !== null) send(waiting);
    });
    const fresh = { waiting: null as Notice | null, tell };
    const one = all.get(vm) ?? fresh;
    all.set(vm, one);
    one.waiting = one.waiting === null ? notice : { ...one.waiting, others: one.waiting.others + 1 };
    one.tell.ask();
  };
}

/** Tells the page. */
export function sendFound({
  page,
  watchedFolders,
  quarantine,
}: {
  page: Pick<Page, "send">;
  watchedFolders: WatchedFolders;
  quarantine: Quarantine;
}): void {
  const tellFound = fewOf((notice: EventPayload<"scan.found">) => page.send("scan.found", notice));
  const tellCleared = fewOf((notice: EventPayload<"scan.changed">) => page.send("scan.changed", notice));
  watchedFolders.on("cleared", (vm, file, before) =>
    tellCleared(vm, {
      ...{
        from: partyView(partyOf(vm.status)),
        path: file.path,
        words: laterWords(file),
        before: verdictWords(before),
      },
      ...{ isClean: true, isKept: false, others: 0 },
    }),
  );
  quarantine.on("reviewed", (all) => {
    for (const isClean of [true, false]) {
      const alike = all.filter(({ file }) => ((file.now ?? file).verdict === "clean") === isClean);
      const [first] = alike;
      if (first === undefined) continue;
      const { from, path, now, verdict, engines } = first.file;
      page.send("scan.changed", {
        ...{ from, path, words: laterWords(now ?? { verdict, engines }), before: laterWords(first.before) },
        ...{ isClean, isKept: true, others: alike.length - 1 },
      });
    }
  });
  watchedFolders.on("found", (vm, file) =>
    tellFound(vm, { from: partyView(partyOf(vm.status)), path: file.path, words: verdictWords(file), others: 0 }),
  );
  watchedFolders.on("unscanned", (vm, path, words) =>
    page.send("scan.unscanned", { from: partyView(partyOf(vm.status)), path, words }),
  );
}
