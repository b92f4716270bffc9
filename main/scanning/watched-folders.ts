/**
 * Folders of VMs whose files are scanned as they come, and once from the beginning: a download by TLS never passes the firewall in the
 * clear. One file at a time, so that what somebody waits for goes first. Their agents say what is there.
 */
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { verdictWords } from "#shared/model/scan.ts";
import { VM_NAME_PATTERN } from "#shared/model/vm.ts";
import type { FolderItem } from "#shared/protocol/folders.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import { folders } from "../vms/services/folders.ts";
import type { Vm } from "../vms/vm.ts";

/** Whose settings name the folders. */
export const ANTIVIRUS_SERVICE = "antivirus";
/** A program that has begun a file goes on with it for a moment. */
const SETTLE_MS = 1_000;
/** Of one VM: its agent watches a few more for the desktop. */
const MAX_FOLDERS = 6;
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

export class WatchedFolders extends Emitter<WatchedFoldersEvents> {
  readonly #parts: WatchedFoldersParts;
  readonly #sources = new Map<string, Source>();
  /** Of each folder by name: the digest that was told. It outlives what watches the folder: nobody is told again for a new start. */
  readonly #told = new Map<string, Map<string, string | null>>();
  /** What is to be scanned, by source and name. */
  readonly #queue = new Map<string, { source: Source; name: string }>();
  #isScanning = false;

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
    void this.#scan();
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
            void this.#scan();
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
    for (const [queued, one] of this.#queue) if (one.source === source) this.#queue.delete(queued);
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
    for (const name of names) this.#queue.set(JSON.stringify([key, name]), { source, name });
  }

  async #scan(): Promise<void> {
    if (this.#isScanning) return;
    this.#isScanning = true;
    for (const [key, { source, name }] of this.#queue) {
      this.#queue.delete(key);
      await this.#scanOne(source, name);
    }
    this.#isScanning = false;
  }

  async #scanOne({ key, vm, folder, ended }: Source, name: string): Promise<void> {
    const told = this.#told.get(key) ?? new Map<string, string | null>();
    this.#told.set(key, told);
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
    try {
      for (const file of await this.#parts.scan(vm, path, ended.signal)) {
        if (file.verdict !== "found" && file.verdict !== "suspicious") continue;
        if (ended.signal.aborted || told.get(name) === file.sha256) continue;
        told.set(name, file.sha256);
        this.emit("found", vm, file);
      }
    } catch (error) {
      log(`${vm.definition.name}:${folder} was not scanned: ${messageOf(error)}`);
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
