/** A service's folder on the disk: its manifest, the files of its program, and what is wrong with them. */
import fsp from "node:fs/promises";
import path from "node:path";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import { unreadable } from "#shared/model/yaml-file.ts";
import type { ProgramFile } from "../../images/builder/index.ts";
import { MANIFEST_FILE, PROGRAM_FOLDER, readManifest, recipeOf, type ServiceManifest } from "./manifest.ts";
import { messageOf } from "#shared/model/app-error.ts";

/** They travel in the initrd, so they are in the guest's memory. */
export const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;
export const MAX_PROGRAM_FILES = 500;
const MAX_DEPTH = 8;
export const PLAIN_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,100}$/;

export interface FolderCheck {
  /** null: it cannot be read, and the first problem says why. */
  manifest: ServiceManifest | null;
  /** Text of the manifest. */
  text: string;
  problems: FileProblem[];
}

/** @param recipesFolder of a person's own recipes, which an image may start from */
export async function checkServiceFolder(folder: string, recipesFolder: string | null): Promise<FolderCheck> {
  const file = path.join(path.resolve(folder), MANIFEST_FILE);
  const text = await fsp.readFile(file, "utf8").catch((error: unknown) => ({ problem: unreadable(file, error) }));
  if (typeof text !== "string") return { manifest: null, text: "", problems: [text.problem] };
  const read = readManifest(text, file);
  if (!read.ok) return { manifest: null, text, problems: [read.problem] };
  const manifest = read.value;
  const at = (where: readonly string[], reason: string): FileProblem => ({
    file,
    line: read.lineOf(where),
    column: 1,
    reason: `${where.join(".")}: ${reason}`,
  });
  const problems: FileProblem[] = [];
  try {
    recipeOf(manifest, recipesFolder);
  } catch (error) {
    problems.push(at(["image", "from"], messageOf(error)));
  }
  try {
    const files = await programFiles(path.join(folder, PROGRAM_FOLDER), manifest.program.command);
    const { command } = manifest.program;
    if (!files.some((one) => one.path === command))
      problems.push(at(["program", "command"], `there is no file ${PROGRAM_FOLDER}/${command}`));
  } catch (error) {
    problems.push(at(["program"], messageOf(error)));
  }
  return { manifest, text, problems };
}

/**
 * Files of a program; one of them can be executed whatever its mode is.
 * @throws Error where there is something else, or too much
 */
export async function programFiles(folder: string, command: string): Promise<ProgramFile[]> {
  const files: ProgramFile[] = [];
  let bytes = 0;
  const walk = async (below: string, depth: number): Promise<void> => {
    const entries = await fsp.readdir(path.join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && below === "") return [];
      throw error;
    });
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      // What Python and editors leave behind.
      if (entry.name === "__pycache__" || entry.name.startsWith(".")) continue;
      if (!PLAIN_NAME.test(entry.name))
        throw new Error(`${name}: names of plain letters, digits, ".", "_" and "-" only`);
      if (entry.isDirectory() && depth < MAX_DEPTH) await walk(name, depth + 1);
      else if (entry.isFile()) {
        const { size, mode } = await fsp.stat(path.join(folder, name));
        bytes += size;
        if (bytes > MAX_PROGRAM_BYTES || files.length >= MAX_PROGRAM_FILES)
          throw new Error(`at most ${MAX_PROGRAM_FILES} files with ${MAX_PROGRAM_BYTES / 1_048_576} MiB can travel`);
        const isExecutable = (mode & 0o100) !== 0 || name === command;
        files.push({ path: name, isExecutable, data: await fsp.readFile(path.join(folder, name)) });
      } else throw new Error(`${name} is neither a file nor a folder that can travel`);
    }
  };
  await walk("", 1);
  return files;
}
