/** A folder of the host's, such as that for downloads. What it holds is looked at from outside alone, never read. */
import fsp from "node:fs/promises";
import path from "node:path";
import type { FileReason } from "#shared/model/transfer.ts";
import { watchFolder } from "../base/watch-folder.ts";
import type { ChangeResult, FileChange, FolderFile, FolderListener, ShownFolder } from "./folder.ts";

const MAX_FILES = 500;
/** What file systems say that have no hard links, such as FAT's. */
const WITHOUT_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** The host's desktop environment does it: with it goes where the file came from, and what can be undone there. */
export type TrashOnHost = (file: string) => Promise<void>;

export class HostFolder implements ShownFolder {
  readonly canRestore = false;
  readonly #folder: string;
  readonly #trash: TrashOnHost;

  constructor(folder: string, trash: TrashOnHost) {
    this.#folder = folder;
    this.#trash = trash;
  }

  pathOf(name: Uint8Array): Uint8Array {
    return Buffer.concat([Buffer.from(`${this.#folder}/`), name]);
  }

  show({ changed }: FolderListener): () => void {
    let [isOver, isSeen, isDue] = [false, true, false];
    const look = async (): Promise<void> => {
      if (!isSeen) {
        isDue = true;
        return;
      }
      [isSeen, isDue] = [false, false];
      const { files, more } = await filesIn(this.#folder);
      if (isOver) return;
      changed(files, more, () => {
        isSeen = true;
        if (isDue) void look();
      });
    };
    void look();
    const unwatch = watchFolder(this.#folder, () => void look());
    return () => {
      isOver = true;
      unwatch();
    };
  }

  async change(filePath: Uint8Array, what: FileChange): Promise<ChangeResult> {
    const file = Buffer.from(filePath).toString();
    try {
      if (what.kind === "rename") return await rename(file, Buffer.from(what.name).toString());
      if (what.kind === "restore") return { done: false, reason: "gone" };
      await fsp.lstat(file);
      await this.#trash(file);
      return { done: true, path: null };
    } catch (error) {
      return { done: false, reason: reasonOf(error) };
    }
  }
}

/** A name that is taken is refused. */
async function rename(file: string, name: string): Promise<ChangeResult> {
  if (name.includes("/") || name === "." || name === "..") return { done: false, reason: "name" };
  const target = path.join(path.dirname(file), name);
  const isNew = (await fsp.lstat(file)).isDirectory()
    ? await renameUnseen(file, target)
    : await renameFile(file, target);
  return isNew ? { done: true, path: Buffer.from(target) } : { done: false, reason: "collision" };
}

/** false: the name is taken. A name is given to a file only where nobody has it, whatever comes at the same moment. */
async function renameFile(file: string, target: string): Promise<boolean> {
  try {
    await fsp.link(file, target);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (WITHOUT_LINKS.includes(code)) return renameUnseen(file, target);
    throw error;
  }
  await fsp.unlink(file);
  return true;
}

/** The same of a folder, which takes the place of an empty folder at most, and where files have one name each. */
async function renameUnseen(file: string, target: string): Promise<boolean> {
  const isTaken = await fsp.lstat(target).then(
    () => true,
    () => false,
  );
  if (isTaken) return false;
  await fsp.rename(file, target);
  return true;
}

function reasonOf(error: unknown): FileReason {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "gone";
    case "ENOSPC":
      return "no-space";
    case "ENAMETOOLONG":
      return "name";
    default:
      return "unwritable";
  }
}

async function filesIn(folder: string): Promise<{ files: FolderFile[]; more: number }> {
  const names = await fsp.readdir(folder).catch((): string[] => []);
  const shown = names.filter((name) => !name.startsWith(".")).toSorted();
  const files = await Promise.all(shown.slice(0, MAX_FILES).map((name) => fileAt(folder, name)));
  return { files: files.filter((file) => file !== null), more: Math.max(0, shown.length - MAX_FILES) };
}

/** null: it is gone, or neither a file nor a folder. */
async function fileAt(folder: string, name: string): Promise<FolderFile | null> {
  const stat = await fsp.lstat(path.join(folder, name)).catch(() => null);
  if (stat === null || !(stat.isFile() || stat.isDirectory())) return null;
  const isFolder = stat.isDirectory();
  return {
    name: Buffer.from(name),
    isFolder,
    size: isFolder ? 0 : stat.size,
    modifiedS: Math.trunc(stat.mtimeMs / 1000),
  };
}
