/**
 * The icons of the desktop: files of the folders that are shown, by ids. The next change of a folder is asked for only when the page
 * has drawn the last one: files that change a thousand times a second cost no more than what is drawn.
 */
import { createHash } from "node:crypto";
import { AppError } from "#shared/model/app-error.ts";
import type { IconView, ShownPlace } from "#shared/model/icon.ts";
import { FILE_REASON_WORDS, type FileReason } from "#shared/model/transfer.ts";
import { Emitter } from "../base/emitter.ts";
import { partyOfEnd } from "../files/parties.ts";
import type { FilesParty } from "../files/transfer.ts";
import { pathText } from "../files/names.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import type { FileChange, FolderFile, ShownFolder } from "./folder.ts";

/** Icons of all folders together. */
const MAX_ICONS = 600;
/** What is in the trash and can come back. */
const MAX_UNDOS = 20;

interface Source {
  readonly key: string;
  readonly place: ShownPlace;
  /** null: the host. */
  readonly vm: Vm | null;
  readonly folder: ShownFolder;
  files: readonly FolderFile[];
  more: number;
  /** To be called when the page shows its files. */
  seen: (() => void) | null;
  end: () => void;
}

export interface DesktopFile {
  readonly id: string;
  readonly party: FilesParty;
  /** Absolute, or relative to the user's home. */
  readonly path: Uint8Array;
  readonly isFolder: boolean;
}

interface Icon extends DesktopFile {
  readonly source: Source;
  readonly view: IconView;
}

interface Trashed {
  readonly folder: ShownFolder;
  readonly path: Uint8Array;
}

export interface IconOutcome {
  id: string;
  /** null: it is done. */
  reason: FileReason | null;
}

export interface DesktopIconsParts {
  application: { readonly vms: readonly Vm[]; on(name: "changed", listener: () => void): () => void };
  places: () => Readonly<Record<ShownPlace, boolean>>;
  guestFolder: (vm: Vm) => ShownFolder;
  /** null: there is none. */
  downloads: () => ShownFolder | null;
  /** What was opened last of this VM, or of the host. */
  recent: (vm: Vm | null) => ShownFolder;
}

export class DesktopIcons extends Emitter<{ changed: [] }> {
  readonly #parts: DesktopIconsParts;
  readonly #sources = new Map<string, Source>();
  readonly #undos = new Map<number, readonly Trashed[]>();
  #lastUndo = 0;
  #icons = new Map<string, Icon>();
  #more = 0;

  constructor(parts: DesktopIconsParts) {
    super();
    this.#parts = parts;
    parts.application.on("changed", () => this.follow());
  }

  get views(): IconView[] {
    return Array.from(this.#icons.values(), ({ view }) => view);
  }

  /** So many files are in the folders and have no icon. */
  get more(): number {
    return this.#more;
  }

  /** The VMs that run, or the places that are shown, are others. */
  follow(): void {
    const wanted = this.#wanted();
    let hasChanged = false;
    for (const [key, source] of this.#sources) {
      if (wanted.has(key)) continue;
      source.end();
      this.#sources.delete(key);
      hasChanged = true;
    }
    for (const [key, make] of wanted) if (!this.#sources.has(key)) this.#begin(key, make());
    if (hasChanged) this.#refresh();
  }

  /** Nothing is shown any more. */
  end(): void {
    for (const { end } of this.#sources.values()) end();
    this.#sources.clear();
  }

  /** The page shows `views` as they are. */
  shown(): void {
    for (const source of this.#sources.values()) {
      const { seen } = source;
      source.seen = null;
      seen?.();
    }
  }

  /** @throws AppError icon.gone */
  file(id: string): DesktopFile {
    return this.#icon(id);
  }

  /** Gives the new id. @throws AppError icon.gone, icon.not-done, vm.not-running */
  async rename(id: string, name: string): Promise<string> {
    const { source, path, view } = this.#icon(id);
    const bytes = Buffer.from(name);
    const result = await source.folder.change(path, { kind: "rename", name: bytes });
    if (!result.done) throw notDone(`"${view.name}" was not renamed`, result.reason);
    return idOf(source.key, bytes);
  }

  async trash(ids: readonly string[]): Promise<{ outcomes: IconOutcome[]; undo: number | null }> {
    const trashed: Trashed[] = [];
    const outcomes = await Promise.all(
      ids.map(async (id): Promise<IconOutcome> => {
        const icon = this.#icons.get(id);
        if (icon === undefined) return { id, reason: "gone" };
        const { folder } = icon.source;
        const what: FileChange = { kind: "trash" };
        const result = await folder.change(icon.path, what).catch(() => ({ done: false, reason: "stopped" }) as const);
        if (!result.done) return { id, reason: result.reason };
        if (folder.canRestore && result.path !== null) trashed.push({ folder, path: result.path });
        return { id, reason: null };
      }),
    );
    if (trashed.length === 0) return { outcomes, undo: null };
    this.#lastUndo += 1;
    this.#undos.set(this.#lastUndo, trashed);
    const [oldest] = this.#undos.keys();
    if (this.#undos.size > MAX_UNDOS && oldest !== undefined) this.#undos.delete(oldest);
    return { outcomes, undo: this.#lastUndo };
  }

  /** What `trash` moved is back where it was. @throws AppError icon.not-done */
  async restore(undo: number): Promise<void> {
    const trashed = this.#undos.get(undo) ?? [];
    this.#undos.delete(undo);
    const results = await Promise.all(trashed.map(({ folder, path }) => folder.change(path, { kind: "restore" })));
    const failed = results.find((result) => !result.done);
    if (failed !== undefined && !failed.done)
      throw notDone("It could not be brought back from the trash", failed.reason);
  }

  #icon(id: string): Icon {
    const icon = this.#icons.get(id);
    if (icon === undefined) throw new AppError("icon.gone", "The file is not there any more.", { id });
    return icon;
  }

  /** What shall be shown, by key, and how to begin it. */
  #wanted(): Map<string, () => Pick<Source, "place" | "vm" | "folder">> {
    const { application, places, guestFolder, downloads, recent } = this.#parts;
    const chosen = places();
    const wanted = new Map<string, () => Pick<Source, "place" | "vm" | "folder">>();
    const running = application.vms.filter(({ state, definition }) => state === "running" && hasDesktop(definition));
    if (chosen.vms)
      for (const vm of running) wanted.set(`vm ${vm.id}`, () => ({ place: "vms", vm, folder: guestFolder(vm) }));
    const folder = chosen.downloads ? downloads() : null;
    if (folder !== null) wanted.set("downloads", () => ({ place: "downloads", vm: null, folder }));
    if (chosen.recent)
      for (const vm of [null, ...running])
        wanted.set(`recent ${vm?.id ?? "host"}`, () => ({ place: "recent", vm, folder: recent(vm) }));
    return wanted;
  }

  #begin(key: string, shown: Pick<Source, "place" | "vm" | "folder">): void {
    const source: Source = { key, ...shown, files: [], more: 0, seen: null, end: () => undefined };
    this.#sources.set(key, source);
    try {
      source.end = shown.folder.show({
        changed: (files, more, seen) => {
          Object.assign(source, { files, more, seen });
          this.#refresh();
        },
        lost: () => {
          // Where its VM runs still, it is shown anew with the VM's next change.
          if (this.#sources.get(key) === source) this.#sources.delete(key);
          this.#refresh();
        },
      });
    } catch {
      // Its link was lost just now: the VM's next change begins it again.
      this.#sources.delete(key);
    }
  }

  #refresh(): void {
    const icons = [...this.#sources.values()].flatMap((source) => source.files.map((file) => iconOf(source, file)));
    const sorted = icons.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
    const hidden = [...this.#sources.values()].reduce((sum, { more }) => sum + more, 0);
    this.#icons = new Map(sorted.slice(0, MAX_ICONS).map((icon) => [icon.id, icon]));
    this.#more = hidden + Math.max(0, sorted.length - MAX_ICONS);
    this.emit("changed");
  }
}

/** One that is made for a task shows what it was made for. */
function hasDesktop({ role, isThrowaway }: Vm["definition"]): boolean {
  return role !== "service" && isThrowaway !== true;
}

/** By whose they are, folders first. */
function orderOf({ view, source, isFolder }: Icon): string {
  return `${source.vm === null ? "" : source.vm.definition.name}/${isFolder ? 0 : 1}/${view.name.toLowerCase()}`;
}

function iconOf(source: Source, { name, isFolder, size, modifiedS }: FolderFile): Icon {
  const { vm, place, key, folder } = source;
  const id = idOf(key, name);
  const party: FilesParty = vm === null ? { kind: "host" } : { kind: "vm", vm };
  const shown = partyView(partyOfEnd(party));
  const view = { id, party: shown, place, name: pathText(name), isFolder, bytes: size, modifiedS };
  return { id, party, path: folder.pathOf(name), isFolder, source, view };
}

/** The same as long as the file has its name. */
function idOf(key: string, name: Uint8Array): string {
  return createHash("sha256").update(key).update("\0").update(name).digest("hex").slice(0, 24);
}

function notDone(what: string, reason: FileReason): AppError {
  return new AppError("icon.not-done", `${what}: ${reasonWords(reason)}.`, { reason });
}

function reasonWords(reason: FileReason): string {
  return reason === "collision" ? "there is a file of that name already" : FILE_REASON_WORDS[reason];
}
