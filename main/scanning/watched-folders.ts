/**
 * Folders of VMs whose files are scanned as they come, and once from the beginning: a download by TLS never passes the firewall in the
 * clear. Two files at a time, of two VMs, so that what somebody waits for goes first, and no VM waits for another's files. Their agents
 * say what is there.
 */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { verdictWords } from "#shared/model/scan.ts";
import { VM_NAME_PATTERN } from "#shared/model/vm.ts";
import type { FolderItem } from "#shared/protocol/folders.ts";
import { deadline } from "../base/deadline.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import { folders } from "../vms/services/folders.ts";
import type { Vm } from "../vms/vm.ts";

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
/** Of browsers, until a file is whole. */
const PARTIAL = /\.(part|crdownload|download|tmp)$/;

export interface WatchedFoldersParts {
  application: { readonly vms: readonly Vm[] };
  scanner: { readonly isThere: boolean };
  /** `VM:FOLDER`; `*`: of every VM that is neither a service nor a disposable. */
  places: () => readonly string[];
  /** Rejects where the VM is gone. */
  scan: (vm: Vm, path: Uint8Array, signal: AbortSignal) => Promise<readonly ScannedFile[]>;
}

export interface WatchedFoldersEvents {
  /** A scanner has found something in a file there, or suspects it. */
  found: [vm: Vm, file: ScannedFile];
}

interface Source {
  /** Names VM and folder. */
  readonly key: string;
  readonly vm: Vm;
  readonly folder: string;
  readonly ended: AbortController;
  /** By name, as latin1: as it was when it was queued last. */
  stamps: Map<string, string>;
  timer: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly source: Source;
  readonly name: string;
}

export class WatchedFolders extends Emitter<WatchedFoldersEvents> {
  readonly #parts: WatchedFoldersParts;
  readonly #sources = new Map<string, Source>();
  /** Of each folder by name: the digest that was told. It outlives what watches the folder: nobody is told again for a new start. */
  readonly #told = new Map<string, Map<string, string | null>>();
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
  }

  /** All files there are scanned again: what looks at them knows more. */
  again(): void {
    for (const [key, source] of this.#sources) this.#enqueue(key, source, source.stamps.keys());
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
    const source: Source = { key, vm, folder, ended, stamps: new Map(), timer: undefined };
    try {
      const hide = vm.service(folders).show(Buffer.from(folder), {
        changed: (items, _more, seen) => {
          const due = this.#changed(source, items);
          source.timer = setTimeout(() => {
            this.#enqueue(key, source, due);
            this.#scan();
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
    const waiting = this.#queue.get(source.vm) ?? new Map<string, Waiting>();
    for (const [queued, one] of waiting) if (one.source === source) waiting.delete(queued);
    source.ended.abort();
  }

  /** Names of those that are new, or were written since. */
  #changed(source: Source, items: readonly FolderItem[]): string[] {
    const before = source.stamps;
    source.stamps = new Map(
      items
        .filter(({ isFolder }) => !isFolder)
        .map(({ name, size, modifiedS }) => [Buffer.from(name).toString("latin1"), `${size} ${modifiedS}`] as const)
        .filter(([name]) => !PARTIAL.test(name)),
    );
    const told = this.#told.get(source.key);
    for (const name of told?.keys() ?? []) if (!source.stamps.has(name)) told?.delete(name);
    return [...source.stamps].flatMap(([name, stamp]) => (before.get(name) === stamp ? [] : [name]));
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

  async #scanOne({ key, vm, folder, ended }: Source, name: string): Promise<void> {
    const told = this.#told.get(key) ?? new Map<string, string | null>();
    this.#told.set(key, told);
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
    const limit = deadline(UNASKED_MS, () => new Error("it took too long"), ended.signal);
    try {
      for (const file of await this.#parts.scan(vm, path, limit.signal)) {
        if (file.verdict !== "found" && file.verdict !== "suspicious") continue;
        if (ended.signal.aborted || told.get(name) === file.sha256) continue;
        told.set(name, file.sha256);
        this.emit("found", vm, file);
      }
    } catch (error) {
      log(`${vm.definition.name}:${folder} was not scanned: ${messageOf(error)}`);
    } finally {
      limit.end();
    }
  }
}

/** Tells the page. */
export function sendFound({
  page,
  watchedFolders,
}: {
  page: Pick<Page, "send">;
  watchedFolders: WatchedFolders;
}): void {
  watchedFolders.on("found", (vm, file) =>
    page.send("scan.found", { from: partyView(partyOf(vm.status)), path: file.path, words: verdictWords(file) }),
  );
}

/** null: it names no folder. Relative to the user's home, or absolute. */
export function watchedPlace(word: string): { vm: string | null; folder: string } | null {
  const [, vm = "", folder = ""] = /^([^:]*):(.*)$/.exec(word.trim()) ?? [];
  const isFolder = folder !== "" && !folder.includes("\0") && !folder.split("/").includes("..");
  if (!isFolder || (vm !== "*" && !VM_NAME_PATTERN.test(vm))) return null;
  return { vm: vm === "*" ? null : vm, folder: folder.replace(/(?<=.)\/+$/, "") };
}
