/** The files that were opened last in this run of the application, as a place of the desktop. */
import path from "node:path";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { ChangeResult, FileChange, FolderFile, FolderListener, ShownFolder } from "./folder.ts";

/** Of each party: what one VM opens takes no other one's place. */
const MAX_FILES = 6;

interface RecentFile {
  readonly path: Uint8Array;
  readonly openedS: number;
}

/** What does the changes of a party's files. */
type Changes = Pick<ShownFolder, "change" | "canRestore">;

export class RecentFiles extends Emitter<{ changed: [] }> {
  readonly #nowMs: () => number;
  /** By VM, null for the host; newest first, each name once. */
  readonly #files = new Map<VmId | null, readonly RecentFile[]>();

  constructor(nowMs: () => number = Date.now) {
    super();
    this.#nowMs = nowMs;
  }

  /** @param filePath absolute, of `vm`'s or the host's */
  opened(vm: VmId | null, filePath: Uint8Array): void {
    const others = this.of(vm).filter((file) => nameOf(file.path) !== nameOf(filePath));
    const file = { path: filePath, openedS: Math.trunc(this.#nowMs() / 1000) };
    this.#files.set(vm, [file, ...others].slice(0, MAX_FILES));
    this.emit("changed");
  }

  of(vm: VmId | null): readonly RecentFile[] {
    return this.#files.get(vm) ?? [];
  }

  /** It is there no longer under this path. @param to its new one; null: none */
  moved(vm: VmId | null, filePath: Uint8Array, to: Uint8Array | null): void {
    const files = this.of(vm).flatMap((file) => {
      if (Buffer.compare(file.path, filePath) !== 0) return [file];
      return to === null ? [] : [{ ...file, path: to }];
    });
    this.#files.set(vm, files);
    this.emit("changed");
  }
}

/** Those of one party, wherever they lie. */
export class RecentFolder implements ShownFolder {
  readonly canRestore: boolean;
  readonly #recent: RecentFiles;
  readonly #vm: VmId | null;
  readonly #changes: Changes;

  constructor(recent: RecentFiles, vm: VmId | null, changes: Changes) {
    this.#recent = recent;
    this.#vm = vm;
    this.#changes = changes;
    this.canRestore = changes.canRestore;
  }

  pathOf(name: Uint8Array): Uint8Array {
    const file = this.#recent.of(this.#vm).find((one) => nameOf(one.path) === keyOf(name));
    return file?.path ?? name;
  }

  show({ changed }: FolderListener): () => void {
    let [isSeen, isDue] = [true, false];
    const tell = (): void => {
      if (!isSeen) {
        isDue = true;
        return;
      }
      [isSeen, isDue] = [false, false];
      changed(this.#recent.of(this.#vm).map(fileOf), 0, () => {
        isSeen = true;
        if (isDue) tell();
      });
    };
    tell();
    return this.#recent.on("changed", tell);
  }

  async change(filePath: Uint8Array, what: FileChange): Promise<ChangeResult> {
    const result = await this.#changes.change(filePath, what);
    const isMoved = result.done && what.kind !== "restore";
    if (isMoved) this.#recent.moved(this.#vm, filePath, what.kind === "rename" ? result.path : null);
    return result;
  }
}

/** Its size is not known: nobody looks at the file before it is opened again. */
function fileOf({ path: filePath, openedS }: RecentFile): FolderFile {
  return { name: Buffer.from(nameOf(filePath), "latin1"), isFolder: false, size: 0, modifiedS: openedS };
}

/** By bytes: a guest's name need not be UTF-8. */
function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function nameOf(filePath: Uint8Array): string {
  return path.posix.basename(keyOf(filePath));
}
