/** A folder of a VM, or of every one, as a setting names it: `VM:FOLDER`, `*:FOLDER`. Pure. */
import { VM_NAME_PATTERN } from "./vm.ts";

/** null: it names no folder. Relative to the user's home, or absolute. */
export function watchedPlace(word: string): { vm: string | null; folder: string } | null {
  const [, vm = "", folder = ""] = /^([^:]*):(.*)$/.exec(word.trim()) ?? [];
  const isFolder = folder !== "" && !folder.includes("\0") && !folder.split("/").includes("..");
  if (!isFolder || (vm !== "*" && !VM_NAME_PATTERN.test(vm))) return null;
  return { vm: vm === "*" ? null : vm, folder: folder.replace(/(?<=.)\/+$/, "") };
}
